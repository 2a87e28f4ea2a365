// From the tables back to a live engine, in place of whatever it held. What is derived (counters of
// parents, queues, writers, deadlines) is derived here; workers are not connected yet, and every
// lease gets a full term. On the thread of the engine's owner, between steps. Rows that contradict
// each other abort: the store has already set aside what cannot be read.
#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "base/planted.h"
#include "engine/alerts/alert_step.h"
#include "engine/freshness/freshness_step.h"
#include "engine/plan/run_plan.h"
#include "engine/schedules/schedule_step.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

using Modules = std::map<Digest, std::shared_ptr<Module>>;

// Of a row with the same text as one of `before` it is the same: manifests are large, and an engine
// is restored after every commit that failed.
std::shared_ptr<const Manifest> parse_manifest(const ModuleRow& row, const Modules& before) {
  const auto known = before.find(row.digest);
  if (known != before.end() && known->second->row.manifest == row.manifest) {
    return known->second->manifest;
  }
  const auto json = base::Json::parse(row.manifest);
  CHECK_MSG(json.ok(), "the stored manifest of " + row.pipeline + " is not JSON");
  auto manifest = module::manifest_from_json(*json);
  CHECK_MSG(manifest.ok(), "the stored manifest of " + row.pipeline +
                               " cannot be read: " + manifest.status().message());
  // They have their rows; = {} would keep their room.
  manifest->schedules = std::vector<module::ScheduleSpec>();
  return std::make_shared<const Manifest>(std::move(*manifest));
}

void restore_definitions(State& state, const Snapshot& snapshot, const Modules& before) {
  for (const ModuleRow& row : snapshot.modules) {
    if (row.active) state.active[row.pipeline] = row.digest;
    state.modules[row.digest] = make_module(row, parse_manifest(row, before));
  }
  renew_catalog(state);
  for (const AssetRow& row : snapshot.assets) state.assets[row.name] = row;
  for (const AssetPartitionRow& row : snapshot.partitions) {
    state.partitions[row.key] = {{}, row.settled_by, row.missed, row.verified_at, row.observed};
  }
  for (const MaterializationRow& row : snapshot.current) {
    state.partitions.at(row.of).current = {row.id, row.value, row.attempt.run, row.at, row.basis};
  }
  for (const CursorRow& row : snapshot.cursors) state.cursors[row.key] = row;
}

void restore_workers(State& state, const Snapshot& snapshot, base::Now now) {
  for (const WorkerRow& row : snapshot.workers) {
    Worker& worker = state.workers[row.id];
    worker.row = row;
    worker.lease_until = now.boot + state.options.lease;
    worker.lease_timer = true;
    state.timers.push({worker.lease_until, TimerKind::kWorkerLease, row.id, {}});
    arm_forget_timer(state, worker, now);
  }
}

Run restore_run(const State& state, const RunRow& row) {
  Run run;
  run.row = row;
  run.unfinished = row.task_count;
  run.tasks.resize(std::size_t(row.task_count));
  for (const Digest& digest : row.modules) {
    const auto module = state.modules.find(digest);
    CHECK_MSG(module != state.modules.end(), "a live run pins a module that is not stored");
    module->second->live_runs += 1;
    run.modules.push_back(module->second);
  }
  return run;
}

void restore_task(Run& run, const TaskRow& row) {
  Task& task = run.tasks[std::size_t(row.index)];
  task.module = row.module;
  task.stage = row.stage;
  task.spec = &run.modules[std::size_t(row.module)]->manifest->stages[std::size_t(row.stage)];
  task.priority = task_priority(run.row, *task.spec);
  task.epoch = row.epoch;
  task.author_budget_used = row.author_budget_used;
  task.infrastructure_budget_used = row.infrastructure_budget_used;
  task.executor_deaths = row.executor_deaths;
  task.reason = row.reason;
  task.ready_at = row.ready_at;
  task.started_at = row.started_at;
  task.finished_at = row.finished_at;
  task.outputs = row.outputs;
}

// The phase that the row's state stands for.
Phase restore_phase(const TaskRow& row, const AttemptRow* live, base::Now now) {
  const auto attempt = [&] {
    return std::make_unique<LiveAttempt>(LiveAttempt{
        live->worker, live->leased_at, live->started_at, live->progress, live->progress_at});
  };
  switch (row.state) {
    case TaskState::kWaiting:
      return Waiting{};
    case TaskState::kReady: {
      Ready ready;
      ready.order = row.ready_order;
      if (live != nullptr && !PLANTED(kAdoptableForgotten)) ready.adoptable = attempt();
      return ready;
    }
    case TaskState::kAssigned:
    case TaskState::kRunning:
      CHECK_MSG(live != nullptr, "a leased task has no live attempt");
      return Leased{.attempt = attempt(),
                    .leased_boot = now.boot,
                    .stop_deadline = {},
                    .revoking = false,
                    .sent_again = false};
    case TaskState::kUpForRetry: {
      const Duration left =
          std::clamp<Duration>(*row.not_before - now.wall, Duration::zero(), kRetryDelayMax);
      return UpForRetry{.due = now.boot + left, .not_before = *row.not_before};
    }
    default:
      return Ended{row.state};
  }
}

void index_task(State& state, Run& run, Task& task, base::Now now) {
  const TaskRef ref{run.row.id, index_of(run, task)};
  arrive(state, run, task);
  if (const auto* ready = std::get_if<Ready>(&task.phase)) {
    state.last_order = std::max(state.last_order, ready->order);
  }
  auto* leased = std::get_if<Leased>(&task.phase);
  const bool stops = leased != nullptr && run.row.state == RunState::kCanceling;
  if (stops && !PLANTED(kStopDeadlineForgotten)) {
    leased->stop_deadline = now.boot + state.options.cancel_grace + state.options.lease;
    state.timers.push({*leased->stop_deadline, TimerKind::kStop, "", ref});
  }
  if (std::holds_alternative<Ended>(task.phase) || task.epoch == 0) return;
  for (const auto& output : task.spec->outputs) {
    state.writers[{output.asset, partition_of(run, task)}] = ref;
  }
}

void count_ended_parents(Run& run) {
  for (const Task& parent : run.tasks) {
    if (!std::holds_alternative<Ended>(parent.phase)) continue;
    for (const std::int32_t set : parent.counted_in) {
      count_parent(run.parent_sets[std::size_t(set)], state_of(parent));
    }
  }
}

// As they began; what has changed since has rows, which come after this.
void restore_planned(Run& run) {
  const auto plan = RunPlan::of(run.row);
  CHECK_MSG(plan.ok(), plan.status().message());
  for (std::int32_t i = 0; i < plan->size(); ++i) {
    const TaskRow row = plan->task(run.row, i);
    restore_task(run, row);
    run.tasks[std::size_t(i)].phase = restore_phase(row, nullptr, {});
  }
}

void restore_runs(State& state, const Snapshot& snapshot, base::Now now) {
  std::map<AttemptKey, const AttemptRow*> live;
  for (const AttemptRow& row : snapshot.attempts) live.emplace(row.key, &row);
  for (const RunRow& row : snapshot.runs) {
    Run& run = state.runs.emplace(row.id, restore_run(state, row)).first->second;
    restore_planned(run);
    if (const auto seq = snapshot.run_seq.find(row.id); seq != snapshot.run_seq.end()) {
      run.run_seq = seq->second;
    }
  }
  for (const TaskRow& row : snapshot.tasks) {
    Run& run = state.runs.at(row.run);
    CHECK_MSG(row.index >= 0 && row.index < run.row.task_count, "a task row is out of range");
    restore_task(run, row);
    const auto attempt = live.find({row.run, row.index, row.epoch});
    run.tasks[std::size_t(row.index)].phase =
        restore_phase(row, attempt == live.end() ? nullptr : attempt->second, now);
  }
  for (auto& [id, run] : state.runs) {
    state.resident_tasks += run.row.task_count;
    link_tasks(state, run);
    for (Task& task : run.tasks) index_task(state, run, task, now);
    count_ended_parents(run);
  }
}

}  // namespace

void Engine::restore(const Snapshot& snapshot, base::Now now) {
  const std::unique_ptr<State> before = std::exchange(state_, std::make_unique<State>());
  state_->options = before->options;
  restore_definitions(*state_, snapshot, before->modules);
  restore_workers(*state_, snapshot, now);
  restore_runs(*state_, snapshot, now);
  if (!PLANTED(kOutboxRowLost)) {
    for (const OutboxRow& row : snapshot.outbox) state_->outbox.emplace(row.id, row);
  }
  for (const QueuedRun& run : snapshot.queued) add_to_queue(*state_, run, now);
  restore_schedules(*state_, snapshot, now);
  restore_alerts(*state_, snapshot, now);
  restore_freshness(*state_, snapshot, now);
  arm_admission(*state_, now);
  arm_reads(*state_, now);
  state_->set_aside = snapshot.set_aside;
  state_->last_run = snapshot.last_run;
  state_->last_seq = snapshot.last_seq;
  state_->last_materialization = snapshot.last_materialization;
  state_->last_outbox = snapshot.last_outbox;
}

}  // namespace weir::engine
