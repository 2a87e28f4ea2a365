// Runs: their beginning with what they pin, cancellation, and the end that the leaves decide, with
// its notice in the outbox. Part of Engine's step. A run that has ended is dropped from memory at
// the end of the step; only its rows remain. Whether one may begin is admission's to say.
#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;

std::string count_ends(const Run& run) {
  std::string text;
  for (std::size_t state = 0; state < run.counts.size(); ++state) {
    if (run.counts[state] == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(run.counts[state]) + " " +
            std::string(task_state_name(TaskState(state)));
  }
  return text;
}

RunState end_of(const Run& run) {
  if (run.row.state == RunState::kCanceling) return RunState::kCanceled;
  const bool failed = std::any_of(run.tasks.begin(), run.tasks.end(), [](const Task& task) {
    const TaskState end = state_of(task);
    return task.decides && (end == TaskState::kFailed || end == TaskState::kUpstreamFailed);
  });
  return failed ? RunState::kFailed : RunState::kSucceeded;
}

std::string cancel_message(const CancelRun& command) {
  return command.reason.empty() ? "canceled" : command.reason;
}

// Of a run that is not resident: it waits in the queue, has ended, or never was.
Status cancel_row(Step& step, const CancelRun& command) {
  const auto found = step.facts.runs.find(command.run);
  if (found == step.facts.runs.end()) {
    return Status(Code::kNotFound, base::kErrUnknownRun, "there is no run " + command.run.text());
  }
  RunRow row = found->second;
  const auto aside = step.state.set_aside.find(command.run);
  if (aside != step.state.set_aside.end()) {
    return Status(Code::kFailedPrecondition, base::kErrStore,
                  "run " + command.run.text() + " is set aside, for " + aside->second +
                      "; restore a backup, or repair its rows, and start the scheduler again");
  }
  if (step.state.queue.find(command.run) == nullptr) {
    return Status(Code::kFailedPrecondition, base::kErrRunFinished,
                  "run " + command.run.text() +
                      " has already ended: " + std::string(run_state_name(row.state)));
  }
  row.state = RunState::kCanceled;
  row.message = cancel_message(command);
  end_queued(step, std::move(row));
  return {};
}

}  // namespace

void cancel_live(Step& step, Run& run, const std::string& why) {
  if (run.row.state == RunState::kCanceling || terminal(run.row.state)) return;
  run.row.state = RunState::kCanceling;
  run.row.message = why;
  touch(step, run);
  emit_run(step, run.row, run.run_seq, RunCanceling{run.row.message});
  std::vector<Decided> decided;  // of no interest: all children end too
  for (Task& task : run.tasks) {
    if (std::holds_alternative<Leased>(task.phase)) {
      stop_attempt(step, run, task, run.row.message);
    } else if (!std::holds_alternative<Ended>(task.phase)) {
      close_task(step, run, task, TaskState::kCanceled, run.row.message, decided);
    }
  }
  finish_run_if_done(step, run);
}

RunId next_run_id(Step& step) {
  State& state = step.state;
  RunId id = RunId::make(step.now.wall, draw(step));
  // Ids are in the order of their commits, also when the clock was set back: an id that is larger
  // than all before it cannot be one that was given before, either.
  constexpr std::uint32_t kGapMax = 256;
  if (id <= state.last_run) id = RunId{state.last_run.value + 1 + draw(step) % kGapMax};
  state.last_run = id;
  return id;
}

Run& begin_run(Step& step, Run planned) {
  const RunId id = planned.row.id;
  Run& run = step.state.runs.emplace(id, std::move(planned)).first->second;
  link_tasks(step.state, run);
  step.state.resident_tasks += run.row.task_count;
  for (const auto& module : run.modules) module->live_runs += 1;
  touch(step, run);
  return run;
}

void start_if_queued(Step& step, Run& run) {
  if (run.row.state != RunState::kQueued) return;
  run.row.state = RunState::kRunning;
  run.row.started_at = step.now.wall;
  touch(step, run);
  emit_run(step, run.row, run.run_seq, RunStarted{});
}

void create_run(Step& step, const CreateRun& command) {
  if (answered_before(step, command.request)) return;
  const auto id = start_run(step, command.spec);
  if (!id.ok()) return reply(step, command.request, id.status());
  reply(step, command.request, {}, *id);
}

void cancel_run(Step& step, const CancelRun& command) {
  if (answered_before(step, command.request)) return;
  if (Run* run = find_run(step.state, command.run)) {
    cancel_live(step, *run, cancel_message(command));
  } else if (Status status = cancel_row(step, command); !status.ok()) {
    return reply(step, command.request, std::move(status));
  }
  reply(step, command.request, {});
}

void emit_end(Step& step, const RunRow& run, std::int32_t& run_seq) {
  emit_run(step, run, run_seq,
           RunFinished{run.state, run.job, run.selection, run.message, run.origin});
}

void finish_run_if_done(Step& step, Run& run) {
  if (run.unfinished > 0 || terminal(run.row.state)) return;
  const RunState end = end_of(run);
  if (end != RunState::kCanceled) run.row.message = count_ends(run);
  run.row.state = end;
  run.row.finished_at = step.now.wall;
  touch(step, run);
  emit_end(step, run.row, run.run_seq);
  step.ended_runs.push_back(run.row.id);
}

}  // namespace weir::engine
