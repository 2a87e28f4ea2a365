// From the tables back to schedules: how far each has come follows from its newest tick, or stands
// in its row where times have their outcome out of order; which runs it waits for follows from
// their origins. Everything up to now counts as time in which nobody looked. On the thread of the
// engine's owner, between steps.
#include <algorithm>
#include <utility>

#include "base/planted.h"
#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"

namespace weir::engine {
namespace {

using std::chrono::seconds;

void restore_one(State& state, const ScheduleRow& row, const Snapshot& snapshot,
                 std::shared_ptr<const std::string>& changed_by, [[maybe_unused]] WallTime now) {
  Schedule& schedule = made_schedule(state, row.name);
  restore_schedule(state, schedule, row, changed_by);
  schedule.until = std::chrono::floor<seconds>(row.since);
  const auto last = snapshot.last_ticks.find(row.name);
  if (last != snapshot.last_ticks.end() && !PLANTED(kTickDoubledAtRestart)) {
    const WallTime until = row.recorded_until.value_or(last->second);
    schedule.until = std::max(schedule.until, std::chrono::floor<seconds>(until));
  }
  if (const auto ahead = snapshot.ahead.find(row.name); ahead != snapshot.ahead.end()) {
    for (const WallTime at : ahead->second) {
      schedule.ahead.push_back(std::chrono::floor<seconds>(at));
    }
  }
  if (PLANTED(kTickLostAtRestart)) schedule.until = std::chrono::floor<seconds>(now);
}

Schedule* schedule_of(State& state, const Origin& origin) {
  if (origin.kind != OriginKind::kSchedule) return nullptr;
  const auto found = state.schedules.find(origin.reference);
  return found == state.schedules.end() ? nullptr : &found->second;
}

void remember_run_of_deleted(State& state, base::RunId id, const Origin& origin) {
  if (origin.kind == OriginKind::kSchedule) state.runs_of_deleted[origin.reference].push_back(id);
}

// In the order of their ids, which is the one in which they were made.
void restore_runs_of_schedules(State& state) {
  for (const auto& [id, run] : state.runs) {
    Schedule* schedule = schedule_of(state, run.row.origin);
    if (schedule != nullptr) schedule->live.push_back(id);
    if (schedule == nullptr) remember_run_of_deleted(state, id, run.row.origin);
  }
  for (const auto& [id, queued] : state.queue.runs()) {
    const bool waits = queued.reason == QueueReason::kOverlap;
    Schedule* schedule = schedule_of(state, queued.origin);
    if (schedule == nullptr || schedule->retired) {
      if (waits) state.queue.make_due(id);
      if (schedule != nullptr) schedule->live.push_back(id);
      if (schedule == nullptr) remember_run_of_deleted(state, id, queued.origin);
    } else {
      (waits ? schedule->waiting : schedule->live).push_back(id);
    }
  }
}

}  // namespace

void restore_schedules(State& state, const Snapshot& snapshot, base::Now now) {
  state.zones = snapshot.zones;
  state.downtime_until = now.wall;
  state.last_now = now;  // a clock that is set before the first step is noticed
  std::shared_ptr<const std::string> changed_by;
  for (const ScheduleRow& row : snapshot.schedules) {
    restore_one(state, row, snapshot, changed_by, now.wall);
  }
  restore_runs_of_schedules(state);
  bool ahead = false;
  for (auto& [name, schedule] : state.schedules) {
    supersede_waiting(state, schedule, now.wall);
    if (schedule.live.empty() && !schedule.waiting.empty()) {
      schedule.live.push_back(schedule.waiting.front());
      state.queue.make_due(schedule.waiting.front());
      schedule.waiting.erase(schedule.waiting.begin());
    }
    if (!schedule.waiting.empty()) {
      state.timers.push({now.boot, TimerKind::kOverlap, name, {}});
    }
    ahead = ahead || schedule.until > now.wall;
    arm_tick(state, schedule);
  }
  state.rebase = ahead;
}

}  // namespace weir::engine
