// See schedule_times.h. Days off are left out a day at a time, so that a schedule of seconds costs
// no more than one of days.
// Pure.
#include "scheduler/rpc/schedule_times.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "calendar/cron_text.h"
#include "engine/schedules/occurrences.h"

namespace weir::rpc {

using calendar::Instant;
using std::chrono::seconds;

base::Result<ScheduleTimes> ScheduleTimes::of(std::string name, const module::ScheduleSpec& spec,
                                              std::shared_ptr<const calendar::Zone> zone) {
  auto occurrences = engine::occurrences_of(spec, zone);
  if (!occurrences.ok()) return occurrences.status();
  return ScheduleTimes(std::move(name), spec.jitter_ms, std::move(occurrences).value(),
                       std::move(zone));
}

ScheduleTimes::ScheduleTimes(std::string name, std::int64_t jitter_ms,
                             calendar::Occurrences occurrences,
                             std::shared_ptr<const calendar::Zone> zone)
    : name_(std::move(name)),
      jitter_ms_(jitter_ms),
      occurrences_(std::move(occurrences)),
      zone_(std::move(zone)) {}

std::optional<ScheduleTime> ScheduleTimes::next_after(Instant t) const {
  const auto found = occurrences_.next_after(t);
  if (!found) return std::nullopt;
  return ScheduleTime{found->at, engine::due_at(name_, jitter_ms_, found->at), found->day_off};
}

std::optional<ScheduleTime> ScheduleTimes::next_run_after(Instant t) const {
  auto found = next_after(t);
  while (found && !found->day_off.empty()) {
    const auto day = std::chrono::floor<std::chrono::days>(zone_->to_local(found->nominal));
    const Instant tomorrow = zone_->fires_at(day + std::chrono::days(1));
    // A day that the clock repeats a part of may end twice.
    found = next_after(std::max(found->nominal, tomorrow - seconds(1)));
  }
  return found;
}

std::optional<ScheduleTime> ScheduleTimes::next_run_after(Instant t, base::WallTime now) const {
  auto found = next_run_after(t);
  while (found && found->due <= now) found = next_run_after(found->nominal);
  return found;
}

std::optional<Instant> begin_of_upcoming(const engine::ScheduleRow& row, base::WallTime now) {
  if (row.retired || (row.paused && !row.paused_until)) return std::nullopt;
  // Times that have come may still be due, by their share of the jitter.
  const std::chrono::milliseconds jitter(std::max<std::int64_t>(row.spec.jitter_ms, 0));
  base::WallTime begin = std::max(now - jitter, row.since);
  if (row.paused) begin = std::max(begin, *row.paused_until);
  return std::chrono::floor<seconds>(begin);
}

}  // namespace weir::rpc
