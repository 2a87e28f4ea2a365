// See simulation.h. Ids of runs are those of the simulation, which nothing else knows: they tie a
// tick to its run within one answer. Spans are cut to what can be simulated before they are judged,
// so that no number overflows. Pure.
#include "scheduler/rpc/convert/simulation.h"

#include <algorithm>
#include <vector>

#include <google/protobuf/timestamp.pb.h>

#include "base/errors.h"
#include "base/names.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/enums.h"
#include "scheduler/rpc/convert/schedules.h"
#include "weir/v1/simulation_service.pb.h"

namespace weir::rpc {
namespace {

using base::Result;
using base::Status;
using std::chrono::milliseconds;

Status bad_simulation(std::string why, int error = base::kErrUsage) {
  return {base::Code::kInvalidArgument, error, std::move(why)};
}

Result<dryrun::ScriptLine> line_of(const v1::SimulatedAction& action) {
  const auto known = base::parse_word<dryrun::Action>(action.action());
  if (!known) {
    const auto& words = base::kWords<dryrun::Action>;
    const std::vector<std::string> names(words.begin(), words.end());
    return bad_simulation("a script cannot do '" + action.action() + "'." +
                          base::did_you_mean(action.action(), names));
  }
  if (!action.has_at()) return bad_simulation("an action of the script needs a time");
  return dryrun::ScriptLine{from_proto(action.at()), *known, action.name()};
}

Status check_counts(const v1::SimulateRequest& request) {
  const int words = request.failures_size() + request.durations_size() +
                    request.worker_down_size() + request.script_size();
  if (words > kSimulationWordsMax) {
    return bad_simulation("at most " + std::to_string(kSimulationWordsMax) +
                              " failures, durations, absences and actions are taken",
                          base::kErrLimit);
  }
  if (request.limit() >= 0) return {};
  return bad_simulation("limit is negative; it must be 0 (for " +
                            std::to_string(kSimulatedItemsDefault) + ") or more",
                        base::kErrLimit);
}

void fill_task(const dryrun::ForecastTask& task, v1::SimulatedTask* out) {
  out->set_name(task.name);
  out->set_state(to_proto_enum<v1::TaskState>(task.state));
  out->set_attempts(task.attempts);
  if (task.started_at) to_proto(*task.started_at, out->mutable_started_at());
  if (task.finished_at) to_proto(*task.finished_at, out->mutable_finished_at());
  out->set_reason(task.reason);
}

void fill_run(const dryrun::ForecastRun& run, v1::SimulatedRun* out) {
  out->set_id(run.id.text());
  out->set_job(run.job);
  out->set_selection(run.selection);
  v1::Origin* origin = out->mutable_origin();
  origin->set_kind(to_proto_enum<v1::OriginKind>(run.origin.kind));
  origin->set_reference(run.origin.reference);
  origin->set_partition(run.origin.partition);
  if (run.origin.nominal) to_proto(*run.origin.nominal, origin->mutable_nominal_at());
  out->set_state(to_proto_enum<v1::RunState>(run.state));
  out->set_message(run.message);
  to_proto(run.created_at, out->mutable_created_at());
  if (run.started_at) to_proto(*run.started_at, out->mutable_started_at());
  if (run.finished_at) to_proto(*run.finished_at, out->mutable_finished_at());
  for (const dryrun::ForecastTask& task : run.tasks) fill_task(task, out->add_tasks());
}

void fill_change(const dryrun::FreshnessChange& change, v1::SimulatedFreshness* out) {
  out->set_asset(change.asset);
  out->set_from(std::string(base::word_of(change.from)));
  out->set_to(std::string(base::word_of(change.to)));
  out->set_reason(change.reason);
}

}  // namespace

Result<dryrun::Options> simulation_options(const v1::SimulateRequest& request, base::WallTime now) {
  if (Status status = check_counts(request); !status.ok()) return status;
  dryrun::Options options;
  options.from = request.has_from() ? from_proto(request.from()) : now;
  const milliseconds most = std::chrono::ceil<milliseconds>(dryrun::kSpanMax);
  options.span = milliseconds(std::clamp<std::int64_t>(request.for_ms(), 0, most.count() + 1));
  for (const v1::SimulatedFailure& failure : request.failures()) {
    options.failures.push_back({failure.task(), from_proto(failure.from()), std::nullopt});
    if (failure.has_until()) options.failures.back().until = from_proto(failure.until());
  }
  for (const v1::SimulatedDuration& duration : request.durations()) {
    const auto whole = std::min<std::int64_t>(duration.ms(), most.count());
    options.durations[duration.task()] = milliseconds(whole);
  }
  options.slots = request.slots();
  for (const v1::SimulatedAbsence& absence : request.worker_down()) {
    options.worker_down.push_back({from_proto(absence.from()), from_proto(absence.until())});
  }
  for (const v1::SimulatedAction& action : request.script()) {
    auto line = line_of(action);
    if (!line.ok()) return line.status();
    options.script.push_back(std::move(line).value());
  }
  options.items_max =
      std::size_t(request.limit() == 0 ? kSimulatedItemsDefault
                                       : std::min(request.limit(), kSimulatedItemsMax));
  return options;
}

void to_proto(const dryrun::ForecastItem& item, v1::SimulatedItem* out) {
  to_proto(item.at, out->mutable_at());
  if (const auto* tick = std::get_if<engine::TickRow>(&item.what)) {
    to_proto(*tick, out->mutable_tick());
  } else if (const auto* run = std::get_if<dryrun::ForecastRun>(&item.what)) {
    fill_run(*run, out->mutable_run());
  } else if (const auto* alert = std::get_if<dryrun::ForecastAlert>(&item.what)) {
    v1::SimulatedAlert& told = *out->mutable_alert();
    told.set_rule(alert->rule);
    told.set_subject(alert->subject);
    told.set_state(std::string(base::word_of(alert->state)));
    told.set_text(alert->text);
  } else {
    fill_change(std::get<dryrun::FreshnessChange>(item.what), out->mutable_freshness());
  }
}

void to_proto(const dryrun::Difference& difference, v1::SimulatedDifference* out) {
  to_proto(difference.at, out->mutable_at());
  if (difference.before != nullptr) to_proto(*difference.before, out->mutable_before());
  if (difference.after != nullptr) to_proto(*difference.after, out->mutable_after());
}

void to_proto(const dryrun::ForecastSummary& summary, v1::SimulationSummary* out) {
  out->set_ticks(summary.ticks);
  out->set_requested(summary.requested);
  out->set_runs(summary.runs);
  out->set_succeeded(summary.succeeded);
  out->set_failed(summary.failed);
  out->set_canceled(summary.canceled);
  out->set_unfinished(summary.unfinished);
  out->set_alerts(summary.alerts);
  if (summary.latest_end) to_proto(*summary.latest_end, out->mutable_latest_end());
  if (!summary.worst) return;
  out->set_worst_asset(summary.worst->asset);
  out->set_worst_state(std::string(base::word_of(summary.worst->worst)));
  out->set_worst_ms(std::chrono::floor<milliseconds>(summary.worst->in_worst).count());
}

}  // namespace weir::rpc
