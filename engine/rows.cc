// From resident state to rows, and the canonical text of everything that the tables must be able to
// restore. Reads the state and changes nothing; on the thread of the engine's owner. What
// restore.cc derives anew has no place in that text.
#include <string>

#include "engine/schedules/schedule_step.h"
#include "engine/step.h"
#include "engine/text/record_text.h"

namespace weir::engine {

TaskState state_of(const Task& task) {
  struct Visitor {
    TaskState operator()(const Waiting&) const { return TaskState::kWaiting; }
    TaskState operator()(const Ready&) const { return TaskState::kReady; }
    TaskState operator()(const Leased& leased) const {
      return leased.attempt->started_at ? TaskState::kRunning : TaskState::kAssigned;
    }
    TaskState operator()(const UpForRetry&) const { return TaskState::kUpForRetry; }
    TaskState operator()(const Ended& ended) const { return ended.state; }
  };
  return std::visit(Visitor{}, task.phase);
}

TaskRow task_row(const Run& run, const Task& task) {
  TaskRow row;
  row.run = run.row.id;
  row.index = index_of(run, task);
  row.name = task.spec->name;
  row.module = task.module;
  row.stage = task.stage;
  row.state = state_of(task);
  row.epoch = task.epoch;
  row.author_budget_used = task.author_budget_used;
  row.infrastructure_budget_used = task.infrastructure_budget_used;
  row.executor_deaths = task.executor_deaths;
  row.reason = task.reason;
  if (const auto* ready = std::get_if<Ready>(&task.phase)) row.ready_order = ready->order;
  if (const auto* retry = std::get_if<UpForRetry>(&task.phase)) row.not_before = retry->not_before;
  row.ready_at = task.ready_at;
  row.started_at = task.started_at;
  row.finished_at = task.finished_at;
  row.outputs = task.outputs;
  row.partition = partition_of(run, task);
  return row;
}

RunCountsRow counts_row(const Run& run) {
  const auto of = [&](TaskState state) { return run.counts[std::size_t(state)]; };
  RunCountsRow row;
  row.run = run.row.id;
  row.waiting = of(TaskState::kWaiting);
  row.ready = of(TaskState::kReady);
  row.assigned = of(TaskState::kAssigned);
  row.running = of(TaskState::kRunning);
  row.up_for_retry = of(TaskState::kUpForRetry);
  row.succeeded = of(TaskState::kSucceeded);
  row.failed = of(TaskState::kFailed);
  row.skipped = of(TaskState::kSkipped);
  row.upstream_failed = of(TaskState::kUpstreamFailed);
  row.canceled = of(TaskState::kCanceled);
  row.cached = of(TaskState::kCached);
  return row;
}

AssetPartitionRow partition_row(const Partitions::value_type& entry) {
  const auto& [key, state] = entry;
  return {key,
          state.current.materialization,
          state.settled_by,
          state.missed,
          state.verified_at,
          state.observed};
}

AttemptRow live_attempt_row(const Run& run, const Task& task, const LiveAttempt& attempt) {
  AttemptRow row;
  row.key = {run.row.id, index_of(run, task), task.epoch};
  row.worker = attempt.worker;
  row.leased_at = attempt.leased_at;
  row.started_at = attempt.started_at;
  row.progress = attempt.progress;
  row.progress_at = attempt.progress_at;
  return row;
}

namespace {

void append_queued(std::string& text, const QueuedRun& run) {
  text += "queued " + run.id.text() + " " + std::to_string(run.priority) + " " +
          std::string(base::word_of(run.reason));
  if (run.start_at) text += " " + std::to_string(run.start_at->time_since_epoch().count());
  text += '\n';
}

void add_tasks(std::string& text, const Run& run) {
  for (const Task& task : run.tasks) {
    append_line(text, task_row(run, task));
    text += "  priority " + std::to_string(task.priority) + "\n";
    if (const auto* leased = std::get_if<Leased>(&task.phase)) {
      append_line(text, live_attempt_row(run, task, *leased->attempt));
    }
    const auto* ready = std::get_if<Ready>(&task.phase);
    if (ready != nullptr && ready->adoptable) {
      append_line(text, live_attempt_row(run, task, *ready->adoptable));
    }
  }
}

}  // namespace

std::string Engine::durable_text() const {
  std::string text;
  for (const auto& [digest, module] : state_->modules) append_line(text, module->row);
  for (const auto& [name, asset] : state_->assets) append_line(text, asset);
  for (const auto& entry : state_->partitions) {
    append_line(text, partition_row(entry));
    text += "  current " + entry.second.current.value.digest.hex() + "\n";
  }
  for (const auto& [key, cursor] : state_->cursors) append_line(text, cursor);
  for (const auto& [id, run] : state_->runs) {
    append_line(text, run.row);
    text += "  run_seq " + std::to_string(run.run_seq) + "\n";
    add_tasks(text, run);
  }
  for (const auto& [id, run] : state_->queue.runs()) append_queued(text, run);
  for (const auto& [name, schedule] : state_->schedules) append_line(text, schedule_row(schedule));
  for (const auto& [name, rule] : state_->alerts.rules) append_line(text, rule);
  for (const auto& [id, alert] : state_->alerts.live) append_line(text, alert);
  for (const auto& [id, silence] : state_->alerts.silences) append_line(text, silence);
  for (const auto& [asset, policy] : state_->freshness) append_line(text, policy.row);
  for (const auto& [id, worker] : state_->workers) append_line(text, worker.row);
  for (const auto& [id, row] : state_->outbox) append_line(text, row);
  text += "last run " + state_->last_run.text() + " seq " + std::to_string(state_->last_seq) +
          " materialization " + std::to_string(state_->last_materialization) + " outbox " +
          std::to_string(state_->last_outbox) + "\n";
  return text;
}

}  // namespace weir::engine
