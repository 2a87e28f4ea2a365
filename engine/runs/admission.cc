// Whether a planned run may begin: at once, or from the queue when its time has come and there is
// room. What waits is a row and a key; its row is read again before the step that admits it, and it
// is planned anew, against the definitions and versions of that time. Part of Engine's step.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/errors.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;

constexpr std::int64_t kAdmittedPerStepMax = 64;  // more of them wait for the next step
// Between two looks whether the disk has room again, while runs wait for that.
constexpr auto kDiskLookEvery = std::chrono::seconds(10);

bool may_begin(const State& state, std::int64_t tasks) {
  return !state.disk_full && std::ssize(state.runs) < state.options.live_runs_max &&
         state.resident_tasks + tasks <= state.options.resident_tasks_max;
}

// Of one whose tasks nobody has counted yet, its planning will tell.
bool head_may_begin(const State& state) {
  return !state.queue.due().empty() && may_begin(state, state.queue.head().tasks);
}

QueueReason must_wait(const Step& step, const Run& run) {
  const State& state = step.state;
  if (run.row.start_at && *run.row.start_at > step.now.wall) return QueueReason::kStartTime;
  if (state.disk_full) return QueueReason::kDisk;
  if (std::ssize(state.runs) >= state.options.live_runs_max) return QueueReason::kLiveRuns;
  // Nobody overtakes what waits for the same room.
  const bool first = state.queue.due().empty();
  const std::int64_t tasks = first ? run.row.task_count : state.queue.head().tasks;
  if (!may_begin(state, tasks)) return QueueReason::kResidentTasks;
  return first ? QueueReason::kNone : QueueReason::kLiveRuns;
}

// One that could not even begin alone would wait for ever.
Status check_alone(const State& state, const Run& run) {
  if (run.row.task_count <= state.options.resident_tasks_max) return {};
  return Status(Code::kResourceExhausted, base::kErrLimit,
                "the run has " + std::to_string(run.row.task_count) +
                    " tasks, and all live runs together may have " +
                    std::to_string(state.options.resident_tasks_max) +
                    ", which is the limit resident_tasks_max: select fewer, or start the scheduler "
                    "with a larger --max-resident-tasks");
}

Status check_queue(const State& state) {
  if (std::ssize(state.queue.runs()) < state.options.queued_runs_max) return {};
  return Status(Code::kResourceExhausted, base::kErrLimit,
                "there are " + std::to_string(state.queue.runs().size()) +
                    " queued runs, which is the limit; wait for some to start or cancel them");
}

void enqueue(Step& step, RunRow row, QueueReason why) {
  add_to_queue(step.state, QueuedRun::of(row, why), step.now);
  row.queued_for = why;
  row.modules.clear();
  row.pins.clear();
  row.task_count = 0;
  std::int32_t run_seq = 0;
  emit_run(step, row, run_seq, RunCreated{row.reason});
  CHECK(run_seq == kQueuedRunSeq);
  write(step, std::move(row));
}

// Inputs from outside the selection are fixed now: later versions do not reach this run.
void pin_inputs(const State& state, Run& run) {
  for (const OutsideInput& input : outside_inputs(run)) {
    const CurrentVersion& current = current_version(state, input.of);
    run.row.pins.push_back({input.of, current.materialization, current.value});
  }
}

base::Result<Run> plan_run(const State& state, RunRow row) {
  const auto asset = [&](const std::string& name) {
    const auto found = state.assets.find(name);
    return found == state.assets.end() ? nullptr : &found->second;
  };
  const auto has_version = [&](const AssetPartition& of) {
    return current_version(state, of).materialization != 0;
  };
  auto run = plan_tasks({*state.catalog, asset, has_version, state.options.tasks_per_run_max,
                         state.options.request_records_max},
                        std::move(row));
  if (run.ok()) pin_inputs(state, *run);
  return run;
}

// What was accepted and can no longer be run ends here, without a task.
void fail_queued(Step& step, RunRow row, std::string why) {
  row.state = RunState::kFailed;
  row.message = std::move(why);
  end_queued(step, std::move(row));
}

void admit(Step& step, const std::optional<RunRow>& found, RunId id) {
  if (!found) {
    RunRow lost;
    lost.id = id;
    lost.created_at = step.now.wall;
    lost.origin = step.state.queue.find(id)->origin;  // which waits for its end
    return fail_queued(step, std::move(lost),
                       "what was asked for can no longer be read from the store; start it again");
  }
  auto planned = plan_run(step.state, *found);
  Status fits = planned.ok() ? check_alone(step.state, *planned) : planned.status();
  if (!fits.ok()) return fail_queued(step, *found, fits.text());
  step.state.queue.set_tasks(id, planned->row.task_count);
  if (!head_may_begin(step.state)) return;  // now it is known to need more room
  step.state.queue.remove(id);
  planned->row.queued_for = QueueReason::kNone;
  planned->run_seq = kQueuedRunSeq;
  Run& run = begin_run(step, std::move(*planned));
  emit_run(step, run.row, run.run_seq, RunAdmitted{});
  begin(step, run);
}

}  // namespace

void add_to_queue(State& state, const QueuedRun& run, base::Now now) {
  const bool later = run.start_at && *run.start_at > now.wall;
  state.queue.add(run, !later && run.reason != QueueReason::kOverlap);
  if (later) state.timers.push({*run.start_at, TimerKind::kStartTime, "", {run.id, 0}});
}

void end_queued(Step& step, RunRow row) {
  step.state.queue.remove(row.id);
  row.queued_for = QueueReason::kNone;
  row.finished_at = step.now.wall;
  std::int32_t run_seq = kQueuedRunSeq;
  emit_end(step, row, run_seq);
  write(step, std::move(row));
}

base::Result<RunId> start_run(Step& step, const RunSpec& spec, QueueReason hold) {
  auto row = run_row(*step.state.catalog, spec);
  if (!row.ok()) return row.status();
  auto planned = plan_run(step.state, std::move(*row));
  if (!planned.ok()) return planned.status();
  if (Status status = check_alone(step.state, *planned); !status.ok()) return status;
  const QueueReason why = hold != QueueReason::kNone ? hold : must_wait(step, *planned);
  if (why != QueueReason::kNone) {
    if (Status status = check_queue(step.state); !status.ok()) return status;
  }
  const RunId id = next_run_id(step);
  planned->row.id = id;
  planned->row.created_at = step.now.wall;
  if (why != QueueReason::kNone) return enqueue(step, std::move(planned->row), why), id;
  Run& run = begin_run(step, std::move(*planned));
  emit_run(step, run.row, run.run_seq, RunCreated{run.row.reason});
  begin(step, run);
  return id;
}

std::vector<RunId> next_admissions(const State& state) {
  std::vector<RunId> ids;
  const std::int64_t live = state.options.live_runs_max - std::ssize(state.runs);
  std::int64_t tasks = state.resident_tasks;
  for (const RunQueue::Key& key : state.queue.due()) {
    tasks += state.queue.find(key.id)->tasks;
    const bool room = std::ssize(ids) < live && tasks <= state.options.resident_tasks_max;
    if (!room || std::ssize(ids) == kAdmittedPerStepMax) break;
    ids.push_back(key.id);
  }
  return ids;
}

void admit_runs(Step& step) {
  step.state.admission_timer = false;
  while (head_may_begin(step.state)) {
    const RunId id = step.state.queue.head().id;
    const auto row = step.facts.queued.find(id);
    if (row == step.facts.queued.end()) return;  // not read for this step: the next one's
    admit(step, row->second, id);
  }
}

void arm_admission(State& state, base::Now now) {
  const bool looks = state.disk_full && !state.queue.due().empty();
  if (state.admission_timer || !(looks || head_may_begin(state))) return;
  state.admission_timer = true;
  const base::BootTime at = looks ? now.boot + kDiskLookEvery : now.boot;
  state.timers.push({at, TimerKind::kAdmission, "", {}});
}

}  // namespace weir::engine
