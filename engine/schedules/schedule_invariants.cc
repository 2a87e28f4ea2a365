// What must hold of schedules between steps: the runs that they count against the live and the
// queued ones, and that nobody waits for nobody. See engine/invariants.cc.
// Aborts at the first that is broken; reads only.
#include <map>
#include <set>

#include "base/check.h"
#include "engine/schedules/schedule_step.h"

namespace weir::engine {
namespace {

bool of(const Origin& origin, const std::string& schedule) {
  return origin.kind == OriginKind::kSchedule && origin.reference == schedule;
}

void check_live(const State& state, const std::string& name, RunId id) {
  const auto run = state.runs.find(id);
  const QueuedRun* queued = state.queue.find(id);
  CHECK_MSG(run != state.runs.end() || queued != nullptr,
            "a schedule waits for runs that have no end: " + name + " " + id.text());
  CHECK_MSG(of(queued != nullptr ? queued->origin : run->second.row.origin, name),
            "a schedule waits for its own runs: " + name + " " + id.text());
  CHECK_MSG(queued == nullptr || state.queue.is_due(*queued) || state.withdrawn.contains(id),
            "what a schedule waits for is on its way: " + name + " " + id.text());
}

void check_schedule_runs(const State& state, const std::string& name, const Schedule& schedule,
                         std::set<RunId>& counted) {
  for (const RunId id : schedule.live) {
    check_live(state, name, id);
    CHECK_MSG(counted.insert(id).second, "a run of a schedule is counted once: " + id.text());
  }
  for (const RunId id : schedule.waiting) {
    const QueuedRun* queued = state.queue.find(id);
    CHECK_MSG(queued != nullptr && of(queued->origin, name) && !state.queue.is_due(*queued),
              "a run that waits for others of its schedule is held: " + name + " " + id.text());
    CHECK_MSG(!state.withdrawn.contains(id), "what is to end does not wait: " + id.text());
    CHECK_MSG(counted.insert(id).second, "a run of a schedule is counted once: " + id.text());
  }
  CHECK_MSG(schedule.waiting.empty() || !schedule.live.empty(), "nobody waits for nobody: " + name);
  CHECK_MSG(schedule.waiting.empty() || !schedule.retired,
            "nobody waits for runs of a schedule that is retired: " + name);
}

// Each that is used is held once, and no other.
void check_definitions(const State& state) {
  std::set<const ScheduleDefinition*> used;
  for (const auto& [name, schedule] : state.schedules) {
    const auto held = state.schedule_definitions.find(schedule.definition);
    CHECK_MSG(held != state.schedule_definitions.end() && *held == schedule.definition,
              "schedules that are alike share their definition: " + name);
    used.insert(held->get());
  }
  CHECK_MSG(used.size() == state.schedule_definitions.size(),
            "a definition goes with the last schedule that has it");
}

}  // namespace

void check_schedules(const State& state) {
  check_definitions(state);
  std::set<RunId> counted;
  for (const auto& [name, schedule] : state.schedules) {
    CHECK_MSG(name == schedule.name(), "a schedule is found by its name: " + name);
    CHECK_MSG(!schedule.due || schedule.fires(),
              "a schedule that does not fire is not due: " + name);
    check_schedule_runs(state, name, schedule, counted);
  }
  for (const auto& [name, runs] : state.runs_of_deleted) {
    CHECK_MSG(!runs.empty() && !state.schedules.contains(name),
              "runs are kept for a schedule that is not there: " + name);
    for (const RunId id : runs) {
      check_live(state, name, id);
      counted.insert(id);
    }
  }
  for (const auto& [id, why] : state.withdrawn) {
    const QueuedRun* queued = state.queue.find(id);
    CHECK_MSG(queued != nullptr && !state.queue.is_due(*queued),
              "a run that is to end is queued and held: " + id.text());
    counted.insert(id);
  }
  CHECK_MSG(state.withdrawn.empty() || state.withdrawal_timer, "what is to end has a deadline");
  CHECK_MSG(!state.rebase || state.rebase_timer, "schedules that are ahead have a deadline");
  const auto check_counted = [&](RunId id, const Origin& origin) {
    CHECK_MSG(origin.kind != OriginKind::kSchedule || counted.contains(id),
              "a run of a schedule is counted: " + id.text());
  };
  for (const auto& [id, run] : state.runs) check_counted(id, run.row.origin);
  for (const auto& [id, queued] : state.queue.runs()) check_counted(id, queued.origin);
}

}  // namespace weir::engine
