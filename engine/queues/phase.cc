// The one place where a task moves between phases, and with it between the queues: whoever leaves a
// phase leaves its queue, lease and slot, whoever enters one is put where that phase is looked for.
// Part of Engine's step, and used by the restore; it decides nothing and sends nothing. Also who
// waits for a blocker, and who is woken when it becomes free.
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "engine/plan/run_plan.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

Request request_of(const Run& run, const Task& task) {
  return {run.row.modules[std::size_t(task.module)]};
}

ReadyKey key_of(const Run& run, const Task& task) {
  const auto& ready = std::get<Ready>(task.phase);
  return {task.priority, ready.order, {run.row.id, index_of(run, task)}};
}

bool is_free(const State& state, const Blocker& blocker) {
  switch (blocker.kind) {
    case Blocker::Kind::kWriter:
      return !state.writers.contains(AssetPartitionView(blocker.subject, blocker.partition));
  }
  return true;
}

// The task was in the ready queue and is there no more.
void give_up_turn(Step& step, const Ready& ready, const TaskRef& ref) {
  if (!ready.blocker) return;
  const Blocker blocker = *ready.blocker;
  const auto at = step.state.parked.find(blocker);
  if (at == step.state.parked.end() || at->second.woken != ref) return;
  at->second.woken.reset();
  wake_next(step, blocker);
}

void leave_ready(Step& step, const Run& run, const Task& task) {
  const auto& ready = std::get<Ready>(task.phase);
  const ReadyKey key = key_of(run, task);
  if (!ready.parked) {
    step.state.ready.erase(request_of(run, task), key);
    return give_up_turn(step, ready, key.task);
  }
  const auto at = step.state.parked.find(*ready.blocker);
  CHECK_MSG(at != step.state.parked.end() && at->second.tasks.erase(key) == 1,
            "a task that waits for a blocker is not among those that do");
  if (at->second.tasks.empty() && !at->second.woken) step.state.parked.erase(at);
}

void leave(Step& step, const Run& run, const Task& task) {
  if (std::holds_alternative<Ready>(task.phase)) return leave_ready(step, run, task);
  const auto* leased = std::get_if<Leased>(&task.phase);
  if (leased == nullptr) return;
  Worker& worker = step.state.workers.at(leased->attempt->worker);
  if (!PLANTED(kSlotLeaked)) worker.leases.erase({run.row.id, index_of(run, task), task.epoch});
  index_worker(step.state, worker);
  step.dispatch = true;
}

struct Arrival {
  State& state;
  Run& run;
  Task& task;

  void operator()(const Waiting&) const {}
  void operator()(const Ready&) const {
    state.ready.insert(request_of(run, task), key_of(run, task));
  }
  void operator()(const Leased& leased) const {
    Worker& worker = state.workers.at(leased.attempt->worker);
    worker.leases.insert({run.row.id, index_of(run, task), task.epoch});
    index_worker(state, worker);
  }
  void operator()(const UpForRetry& retry) const {
    state.timers.push({retry.due, TimerKind::kRetry, "", {run.row.id, index_of(run, task)}});
  }
  void operator()(const Ended&) const { run.unfinished -= 1; }
};

}  // namespace

void arrive(State& state, Run& run, Task& task) {
  run.counts[std::size_t(state_of(task))] += 1;
  std::visit(Arrival{state, run, task}, task.phase);
}

void enter(Step& step, Run& run, Task& task, Phase next) {
  run.counts[std::size_t(state_of(task))] -= 1;
  leave(step, run, task);
  task.phase = std::move(next);
  arrive(step.state, run, task);
  step.dispatch = step.dispatch || std::holds_alternative<Ready>(task.phase);
  touch(step, run, task);
}

void begin(Step& step, Run& run) {
  run.row.first_order = step.state.last_order + 1;
  RunPlan plan;
  for (Task& task : run.tasks) {
    const bool ready = decide_task(run, task) == Decision::kFire;
    if (ready) {
      task.ready_at = run.row.created_at;  // as RunPlan::task() says of one without a row
      Ready phase;
      phase.order = ++step.state.last_order;
      task.phase = std::move(phase);
      step.dispatch = true;
    }
    arrive(step.state, run, task);
    if (ready) consider_passing_over(step, run, task);
    plan.add(task.module, task.stage, ready);
  }
  run.row.plan = plan.text();
  step.recounted.insert(run.row.id);
}

void begin_attempt(Step& step, Run& run, Task& task, WallTime at) {
  run.counts[std::size_t(TaskState::kAssigned)] -= 1;
  run.counts[std::size_t(TaskState::kRunning)] += 1;
  std::get<Leased>(task.phase).attempt->started_at = at;
  task.started_at = at;
  touch_lazy(step, run, task);
}

void park(Step& step, Run& run, Task& task, Blocker blocker) {
  leave_ready(step, run, task);
  auto& ready = std::get<Ready>(task.phase);
  ready.parked = true;
  step.state.parked[blocker].tasks.insert(key_of(run, task));
  ready.blocker = std::make_unique<const Blocker>(std::move(blocker));
}

void wake_next(Step& step, const Blocker& blocker) {
  const auto at = step.state.parked.find(blocker);
  if (at == step.state.parked.end() || at->second.woken) return;
  Parked& parked = at->second;
  if (parked.tasks.empty()) {
    step.state.parked.erase(at);
    return;
  }
  if (!is_free(step.state, blocker)) return;
  const ReadyKey key = *parked.tasks.begin();
  parked.tasks.erase(parked.tasks.begin());
  parked.woken = key.task;
  const Run* run = find_run(step.state, key.task.run);
  Task* task = find_task(step.state, key.task);
  CHECK_MSG(run != nullptr && task != nullptr, "a task of no live run waits for a blocker");
  std::get<Ready>(task->phase).parked = false;
  step.state.ready.insert(request_of(*run, *task), key);
  step.dispatch = true;
}

}  // namespace weir::engine
