// Ticks as runs, and what a tick does while earlier runs of its schedule are still there. A run
// that waits for them is a queued run that nobody makes due before the last of them has ended. One
// that is to end while it is queued is read first: its row is not in memory. Part of Engine's step.
#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/planted.h"
#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"

namespace weir::engine {
namespace {

using base::Status;
using module::Overlap;

constexpr std::size_t kWithdrawnPerStepMax = 64;  // more of them wait for the next step

base::Result<std::map<std::string, std::string>> params_of(const Schedule& schedule) {
  std::map<std::string, std::string> params;
  if (schedule.params == "{}") return params;
  const auto object = base::Json::parse(schedule.params);
  if (!object.ok()) return object.status();
  for (const auto& [name, members] : object->members()) params.emplace(name, members.dump());
  return params;
}

base::Result<RunId> start(Step& step, const Schedule& schedule, const TickRow& tick,
                          QueueReason hold) {
  auto params = params_of(schedule);
  if (!params.ok()) return params.status();
  const auto zone = step.state.zones.find(schedule.spec().zone);
  const Status given = give_time(*step.state.catalog, schedule.spec(),
                                 zone == step.state.zones.end() ? nullptr : zone->second.get(),
                                 tick.nominal, *params);
  if (!given.ok()) return given;
  RunSpec spec;
  spec.job = schedule.spec().job;
  spec.params = std::move(*params);
  spec.reason = "schedule " + schedule.name() + " for " + utc_text(tick.nominal);
  if (!tick.triggered_by.empty()) spec.reason += ", triggered by " + tick.triggered_by;
  spec.origin = {OriginKind::kSchedule, schedule.name(), tick.nominal, ""};
  return start_run(step, spec, hold);
}

void withdraw(State& state, RunId run, Withdrawal why) {
  state.queue.hold(run);
  state.withdrawn.try_emplace(run, std::move(why));
}

void cancel_for(Step& step, RunId id, const std::string& why) {
  if (Run* run = find_run(step.state, id)) return cancel_live(step, *run, why);
  withdraw(step.state, id, {why, false});
}

std::string superseded_by(const WallTime& nominal) {
  return "the tick of " + utc_text(nominal) + " took its place";
}

void release_next(State& state, Schedule& schedule) {
  const RunId next = schedule.waiting.front();
  schedule.waiting.erase(schedule.waiting.begin());
  schedule.live.push_back(next);
  state.queue.make_due(next);
}

// Whose run it was is in its row; the tick's own row is not read.
TickRow tick_of(const RunRow& run) {
  TickRow tick;
  tick.schedule = run.origin.reference;
  tick.nominal = *run.origin.nominal;
  tick.run = run.id;
  tick.evaluated_at = run.created_at;
  return tick;
}

void end_one(Step& step, RunRow row, const Withdrawal& why) {
  if (why.superseded && row.origin.nominal) {
    TickRow tick = tick_of(row);
    tick.outcome = TickOutcome::kSuperseded;
    tick.reason = why.why;
    write_tick(step, std::move(tick));
    if (PLANTED(kSupersededRunGoesOn)) return;
  }
  row.state = RunState::kCanceled;
  row.message = why.why;
  end_queued(step, std::move(row));
}

void end_run_of_deleted(State& state, const RunFinished& end) {
  const auto found = state.runs_of_deleted.find(end.origin.reference);
  if (found == state.runs_of_deleted.end()) return;
  std::erase(found->second, end.of.run);
  if (found->second.empty()) state.runs_of_deleted.erase(found);
}

}  // namespace

void request_run(Step& step, Schedule& schedule, TickRow& tick) {
  const Overlap overlap = schedule.spec().overlap;
  const bool busy = !schedule.live.empty() || !schedule.waiting.empty();
  const bool by_hand = !tick.triggered_by.empty();  // beside whatever runs: somebody asks for it
  const bool holds = busy && !by_hand && overlap != Overlap::kAllow;
  if (holds && overlap == Overlap::kSkip) {
    tick.outcome = TickOutcome::kSkipped;
    tick.reason = "run " + schedule.live.front().text() + " of the schedule has not ended";
    return;
  }
  const auto id = start(step, schedule, tick, holds ? QueueReason::kOverlap : QueueReason::kNone);
  if (!id.ok()) {
    tick.outcome = TickOutcome::kFailed;
    tick.reason = id.status().text();
    return;
  }
  tick.outcome = TickOutcome::kRequested;
  tick.run = *id;
  if (!holds) return schedule.live.push_back(*id);
  if (overlap != Overlap::kQueueAll) {
    for (const RunId older : std::exchange(schedule.waiting, {})) {
      withdraw(step.state, older, {superseded_by(tick.nominal), true});
    }
  }
  schedule.waiting.push_back(*id);
  if (overlap != Overlap::kCancelRunning) return;
  const auto live = schedule.live;
  for (const RunId run : live) {
    cancel_for(step, run, "canceled for the tick of " + utc_text(tick.nominal));
  }
}

void schedule_run_ended(Step& step, const RunFinished& end) {
  step.state.withdrawn.erase(end.of.run);
  const auto found = step.state.schedules.find(end.origin.reference);
  if (found == step.state.schedules.end()) return end_run_of_deleted(step.state, end);
  Schedule& schedule = found->second;
  std::erase(schedule.live, end.of.run);
  std::erase(schedule.waiting, end.of.run);
  if (PLANTED(kOverlapNeverReleased)) return;
  if (schedule.live.empty() && !schedule.waiting.empty()) release_next(step.state, schedule);
  if (PLANTED(kOverlapReleasedTwice) && !schedule.waiting.empty()) {
    release_next(step.state, schedule);
  }
}

void release_waiting(State& state, Schedule& schedule) {
  while (!schedule.waiting.empty()) release_next(state, schedule);
}

void supersede_waiting(State& state, Schedule& schedule, WallTime now) {
  const Overlap overlap = schedule.spec().overlap;
  const bool one = overlap == Overlap::kQueueOne || overlap == Overlap::kCancelRunning;
  while (one && schedule.waiting.size() > 1) {
    const QueuedRun* newest = state.queue.find(schedule.waiting.back());
    withdraw(state, schedule.waiting.front(),
             {superseded_by(newest->origin.nominal.value_or(now)), true});
    schedule.waiting.erase(schedule.waiting.begin());
  }
}

// What a tick began and a restart has interrupted: that the newest takes the place of those that
// wait, that the ones before it are canceled. Later ones are runs by hand.
void enforce_overlap(Step& step, const std::string& name) {
  const auto found = step.state.schedules.find(name);
  if (found == step.state.schedules.end()) return;
  Schedule& schedule = found->second;
  supersede_waiting(step.state, schedule, step.now.wall);
  const bool cancels = schedule.spec().overlap == Overlap::kCancelRunning;
  if (!cancels || schedule.waiting.empty()) return;
  const auto live = schedule.live;
  for (const RunId run : live) {
    if (run < schedule.waiting.back()) cancel_for(step, run, "canceled for a newer tick");
  }
}

std::vector<RunId> next_withdrawals(const State& state) {
  std::vector<RunId> ids;
  for (const auto& [id, why] : state.withdrawn) {
    if (ids.size() == kWithdrawnPerStepMax) break;
    ids.push_back(id);
  }
  return ids;
}

void end_withdrawn(Step& step) {
  State& state = step.state;
  state.withdrawal_timer = false;
  for (const RunId id : next_withdrawals(state)) {
    const auto found = step.facts.queued.find(id);
    if (found == step.facts.queued.end()) break;  // not read for this step: the next one's
    const Withdrawal why = state.withdrawn.at(id);
    state.withdrawn.erase(id);
    const QueuedRun* queued = state.queue.find(id);
    if (queued == nullptr) continue;
    RunRow row;
    if (found->second) {
      row = *found->second;
    } else {  // it cannot be read, and is to end all the same
      row.id = id;
      row.created_at = step.now.wall;
      row.origin = queued->origin;
    }
    end_one(step, std::move(row), why);
  }
}

}  // namespace weir::engine
