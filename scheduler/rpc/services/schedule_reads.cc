// See schedule_reads.h. A row whose times cannot be told (its zone is gone from this machine) is
// shown with the reason: it must not take the others with it. As in the other services `as_of_seq`
// is read before the rows.
// Read threads only.
#include "scheduler/rpc/services/schedule_reads.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include <google/protobuf/timestamp.pb.h>

#include "base/errors.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/schedules.h"
#include "scheduler/rpc/services/page.h"

namespace weir::rpc {
namespace {

using base::Status;
using calendar::Instant;
using std::chrono::seconds;

constexpr int kPreviewDefault = 10;
constexpr int kPreviewMax = 1000;
constexpr int kUpcomingDefault = 200;
constexpr int kUpcomingMax = 5000;
constexpr std::chrono::hours kUpcomingSpan{24};
// 2099 is the last year that zones are known for.
constexpr Instant kLatest{std::chrono::sys_days{std::chrono::year{2100} / 1 / 1}};

base::WallTime wall_now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

base::Result<ScheduleTimes> times_of(Backend& backend, const std::string& name,
                                     const module::ScheduleSpec& spec) {
  auto zone = backend.zones.get(spec.zone);
  if (!zone.ok()) return zone.status();
  return ScheduleTimes::of(name, spec, std::move(zone).value());
}

base::Result<int> count_of(const char* what, int count, int standard, int most) {
  if (count >= 0) return count == 0 ? standard : std::min(count, most);
  return Status(base::Code::kInvalidArgument, base::kErrLimit,
                std::string(what) + " is " + std::to_string(count) + "; it must be 0 (for " +
                    std::to_string(standard) + ") or more");
}

Status fill_schedule(Backend& backend, const engine::ScheduleRow& row, base::WallTime now,
                     v1::Schedule* out) {
  to_proto(row, out);
  ports::PageRequest newest;
  newest.size = 1;
  const auto ticks = backend.reader.list_ticks(row.name, {}, newest);
  if (!ticks.ok()) return ticks.status();
  if (!ticks->rows.empty()) to_proto(ticks->rows.front(), out->mutable_last_tick());
  const auto times = times_of(backend, row.name, row.spec);
  if (!times.ok()) {
    out->set_problem(times.status().message());
    return {};
  }
  const auto begin = begin_of_upcoming(row, now);
  if (!begin) return {};
  if (const auto next = times->next_run_after(*begin, now)) to_proto(*next, out->mutable_next());
  return {};
}

// The definition of a schedule that may never be made, under the name that it would have.
base::Result<engine::ScheduleRow> tried(Backend& backend,
                                        const v1::PreviewScheduleRequest& request) {
  auto spec = from_proto(request.definition());
  if (!spec.ok()) return spec.status();
  engine::ScheduleRow row;
  row.name = request.name();
  row.spec = std::move(spec).value();
  if (row.spec.job.empty()) return row;
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  const auto job = engine::find_job(*(*definitions)->catalog, row.spec.job);
  if (!job.ok()) return job.status();
  const std::string pipeline = job->module->manifest->pipeline + "/";
  if (!row.name.starts_with(pipeline)) row.name = pipeline + row.name;
  return row;
}

// One schedule on its way through its times.
struct Coming {
  ScheduleTime next;
  std::size_t schedule = 0;
};
bool operator>(const Coming& a, const Coming& b) {
  return std::pair(a.next.nominal, a.schedule) > std::pair(b.next.nominal, b.schedule);
}
using Queue = std::priority_queue<Coming, std::vector<Coming>, std::greater<>>;

constexpr std::int64_t kTimesSingly = 12;       // of a schedule in the span; more are one line
constexpr std::int64_t kTimesCounted = 10'000;  // of a busy schedule
constexpr std::int64_t kTimesCountedInAll = 200'000;

struct Watched {
  engine::ScheduleRow row;
  ScheduleTimes times;
};

// Those that do something, and those that cannot say when.
base::Result<std::vector<Watched>> watched(Backend& backend, base::WallTime now,
                                           v1::ListUpcomingResponse* response) {
  std::vector<Watched> found;
  ports::PageRequest page;
  page.size = ports::kPageSizeMax;
  do {
    auto rows = backend.reader.list_schedules({}, page);
    if (!rows.ok()) return rows.status();
    for (engine::ScheduleRow& row : rows->rows) {
      if (!begin_of_upcoming(row, now)) continue;
      auto times = times_of(backend, row.name, row.spec);
      if (times.ok()) {
        found.push_back({std::move(row), std::move(times).value()});
      } else {
        response->add_problems(row.name + ": " + times.status().message());
      }
    }
    page.after = rows->next;
  } while (!page.after.empty());
  return found;
}

// All times of a schedule up to the end of the span, from one that is given.
struct Stretch {
  std::int64_t times = 1;
  bool more = false;
  seconds every{0};
  ScheduleTime last;
};

// None when they are so few that each is told. Counting costs, so `budget` is that of all.
std::optional<Stretch> busy_from(const Watched& one, const ScheduleTime& first,
                                 base::WallTime until, base::WallTime now, std::int64_t& budget) {
  Stretch found;
  found.last = first;
  while (true) {
    const auto next = one.times.next_run_after(found.last.nominal, now);
    if (!next || next->nominal > until || next->nominal >= kLatest) break;
    const seconds step = next->nominal - found.last.nominal;
    const bool regular = found.times == 1 || found.every == step;
    found.every = regular ? step : seconds(0);
    found.last = *next;
    ++found.times;
    found.more = found.times > kTimesSingly && (--budget < 0 || found.times >= kTimesCounted);
    if (found.more) break;
  }
  if (found.times <= kTimesSingly) return std::nullopt;
  return found;
}

void set_stretch(const Stretch& stretch, v1::Upcoming* out) {
  out->set_times(stretch.times);
  out->set_more(stretch.more);
  out->set_every_ms(std::chrono::milliseconds(stretch.every).count());
  if (!stretch.more) {
    to_proto(engine::WallTime(stretch.last.nominal), out->mutable_last_nominal_at());
  }
}

}  // namespace

Status list_schedules(Backend& backend, const v1::ListSchedulesRequest& request,
                      v1::ListSchedulesResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kSmallPageMax);
  if (!page.ok()) return page.status();
  ports::ScheduleFilter filter;
  filter.pipeline = request.pipeline();
  filter.job = request.job();
  if (request.has_paused()) filter.paused = request.paused();
  filter.retired = request.retired();
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  const base::WallTime now = wall_now();
  const Status filled = fill_rows(
      *page, response, response->mutable_schedules(),
      [&](const ports::PageRequest& part) { return backend.reader.list_schedules(filter, part); },
      [&](const engine::ScheduleRow& row, v1::Schedule* out) {
        return fill_schedule(backend, row, now, out);
      });
  response->set_as_of_seq(*seq);
  return filled;
}

Status get_schedule(Backend& backend, const v1::GetScheduleRequest& request,
                    v1::GetScheduleResponse* response) {
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  const auto row = backend.reader.get_schedule(request.schedule());
  if (!row.ok()) return row.status();
  response->set_as_of_seq(*seq);
  return fill_schedule(backend, *row, wall_now(), response->mutable_schedule());
}

Status preview_schedule(Backend& backend, const v1::PreviewScheduleRequest& request,
                        v1::PreviewScheduleResponse* response) {
  if (request.schedule().empty() == !request.has_definition()) {
    return {base::Code::kInvalidArgument, base::kErrUsage,
            request.has_definition() ? "name a schedule or give a definition, not both"
                                     : "name a schedule or give a definition"};
  }
  const auto count = count_of("count", request.count(), kPreviewDefault, kPreviewMax);
  if (!count.ok()) return count.status();
  const auto row = request.has_definition() ? tried(backend, request)
                                            : backend.reader.get_schedule(request.schedule());
  if (!row.ok()) return row.status();
  const auto times = times_of(backend, row->name, row->spec);
  if (!times.ok()) return times.status();
  response->set_description(description_of(row->spec));
  Instant at =
      std::chrono::floor<seconds>(request.has_after() ? from_proto(request.after()) : wall_now());
  for (int shown = 0; shown < *count && at < kLatest; ++shown) {
    const auto next = times->next_after(at);
    if (!next) break;
    to_proto(*next, response->add_occurrences());
    at = next->nominal;
  }
  return {};
}

Status list_ticks(Backend& backend, const v1::ListTicksRequest& request,
                  v1::ListTicksResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kSmallPageDefault, kSmallPageMax);
  if (!page.ok()) return page.status();
  const auto outcome = tick_outcome_from_proto(request.outcome());
  if (!outcome.ok()) return outcome.status();
  ports::TickFilter filter;
  filter.outcome = *outcome;
  if (request.has_since()) filter.since = from_proto(request.since());
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  // The history of one that was deleted is kept under its full name.
  const auto row = backend.reader.get_schedule(request.schedule());
  const std::string name = row.ok() ? row->name : request.schedule();
  if (!row.ok()) {
    const auto any = backend.reader.list_ticks(name, {}, {.size = 1, .after = ""});
    if (!any.ok()) return any.status();
    if (any->rows.empty()) return row.status();
  }
  const Status filled = fill_rows(
      *page, response, response->mutable_ticks(),
      [&](const ports::PageRequest& part) { return backend.reader.list_ticks(name, filter, part); },
      [](const engine::TickRow& tick, v1::Tick* out) {
        to_proto(tick, out);
        return Status();
      });
  response->set_as_of_seq(*seq);
  return filled;
}

namespace {

struct PlannedRefresh {
  base::WallTime at{};
  std::string asset;
};

// The first to come stands last.
base::Result<std::vector<PlannedRefresh>> planned_refreshes(Backend& backend,
                                                            base::WallTime until) {
  std::vector<PlannedRefresh> planned;
  ports::PageRequest page;
  page.size = ports::kPageSizeMax;
  do {
    auto rows = backend.reader.list_freshness({}, page);
    if (!rows.ok()) return rows.status();
    for (engine::FreshnessRow& row : rows->rows) {
      if (row.refresh_at && *row.refresh_at <= until) {
        planned.push_back({*row.refresh_at, std::move(row.asset)});
      }
    }
    page.after = rows->next;
  } while (!page.after.empty());
  std::sort(planned.begin(), planned.end(), [](const auto& a, const auto& b) {
    return std::tie(a.at, a.asset) > std::tie(b.at, b.asset);
  });
  return planned;
}

// When each asset that a job of a schedule makes is made next, by the schedule's first time.
using NextMade = std::map<std::string, base::WallTime, std::less<>>;

void note_made(const engine::Catalog& catalog, const std::string& job, base::WallTime due,
               NextMade& made) {
  const auto stages = engine::plan_stages(catalog, job, "");
  if (!stages.ok()) return;  // its ticks will say so
  for (const engine::PlannedStage& planned : *stages) {
    for (const auto& output : planned.spec().outputs) {
      const auto known = made.try_emplace(output.asset, due).first;
      known->second = std::min(known->second, due);
    }
  }
}

// A schedule that makes the asset before leaves nothing to be refreshed then.
Status drop_overtaken(Backend& backend, const std::map<std::string, base::WallTime>& first_due,
                      std::vector<PlannedRefresh>& planned) {
  if (planned.empty() || first_due.empty()) return {};
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  NextMade made;
  for (const auto& [job, due] : first_due) note_made(*(*definitions)->catalog, job, due, made);
  std::erase_if(planned, [&](const PlannedRefresh& refresh) {
    const auto next = made.find(refresh.asset);
    return next != made.end() && next->second <= refresh.at;
  });
  return {};
}

void tell(const PlannedRefresh& refresh, v1::Upcoming* out) {
  out->set_asset(refresh.asset);
  to_proto(refresh.at, out->mutable_nominal_at());
  to_proto(refresh.at, out->mutable_due_at());
  out->set_times(1);
}

}  // namespace

Status list_upcoming(Backend& backend, const v1::ListUpcomingRequest& request,
                     v1::ListUpcomingResponse* response) {
  const auto limit = count_of("limit", request.limit(), kUpcomingDefault, kUpcomingMax);
  if (!limit.ok()) return limit.status();
  const base::WallTime now = wall_now();
  const base::WallTime until =
      request.has_until() ? from_proto(request.until()) : now + kUpcomingSpan;
  to_proto(until, response->mutable_until());
  const auto schedules = watched(backend, now, response);
  if (!schedules.ok()) return schedules.status();
  auto refreshes = planned_refreshes(backend, until);
  if (!refreshes.ok()) return refreshes.status();
  Queue queue;
  const auto push = [&](std::size_t i, const std::optional<ScheduleTime>& next) {
    if (next && next->nominal <= until && next->nominal < kLatest) queue.push({*next, i});
  };
  std::map<std::string, base::WallTime> first_due;  // by job
  for (std::size_t i = 0; i < schedules->size(); ++i) {
    const Watched& one = (*schedules)[i];
    const auto first = one.times.next_run_after(*begin_of_upcoming(one.row, now), now);
    push(i, first);
    if (!first) continue;
    const auto job = first_due.try_emplace(one.row.spec.job, first->due).first;
    job->second = std::min(job->second, first->due);
  }
  if (Status status = drop_overtaken(backend, first_due, *refreshes); !status.ok()) return status;
  std::vector<bool> singly(schedules->size(), request.each());
  std::int64_t budget = kTimesCountedInAll;
  while (!queue.empty() || !refreshes->empty()) {
    if (response->upcoming_size() == *limit) {
      response->set_cut(true);
      return {};
    }
    const bool refresh_first =
        !refreshes->empty() &&
        (queue.empty() || refreshes->back().at <= base::WallTime(queue.top().next.nominal));
    if (refresh_first) {
      tell(refreshes->back(), response->add_upcoming());
      refreshes->pop_back();
      continue;
    }
    const Coming first = queue.top();
    queue.pop();
    const Watched& one = (*schedules)[first.schedule];
    v1::Upcoming* out = response->add_upcoming();
    out->set_schedule(one.row.name);
    out->set_job(one.row.spec.job);
    to_proto(engine::WallTime(first.next.nominal), out->mutable_nominal_at());
    to_proto(first.next.due, out->mutable_due_at());
    out->set_times(1);
    std::optional<Stretch> busy;
    if (!singly[first.schedule]) busy = busy_from(one, first.next, until, now, budget);
    if (busy) {
      set_stretch(*busy, out);
      continue;
    }
    singly[first.schedule] = true;
    push(first.schedule, one.times.next_run_after(first.next.nominal, now));
  }
  return {};
}

}  // namespace weir::rpc
