// What workers say about attempts: started, finished, given back. The fence stands here: a report
// counts only under the epoch that its task has now, and only once; the end of any other is
// acknowledged, so that the worker forgets it, and changes nothing. Part of Engine's step: no I/O,
// on the thread of the engine's owner.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "engine/alerts/alert_step.h"
#include "engine/freshness/freshness_step.h"
#include "engine/step.h"
#include "engine/versions/basis.h"

namespace weir::engine {
namespace {

constexpr double kMeanWeight = 0.2;  // of the newest attempt in the moving average
constexpr auto kLoadErrorDelay = std::chrono::seconds(1);

std::string outcome_text(OutcomeClass outcome, const std::string& message) {
  return std::string(outcome_name(outcome)) + (message.empty() ? "" : ": " + message);
}

bool consumes_author_budget(OutcomeClass outcome) {
  switch (outcome) {
    case OutcomeClass::kSucceeded:
    case OutcomeClass::kFailed:
    case OutcomeClass::kCheckFailed:
    case OutcomeClass::kCrashed:
    case OutcomeClass::kOom:
    case OutcomeClass::kTimedOut:
      return true;
    default:
      return false;
  }
}

bool author_may_retry(const AttemptFinished& report) {
  if (report.permanent) return false;
  return report.outcome == OutcomeClass::kFailed || report.outcome == OutcomeClass::kCrashed ||
         report.outcome == OutcomeClass::kTimedOut;
}

void retry_later(Step& step, Run& run, Task& task, Duration delay, std::string reason) {
  const bool at_once = delay <= Duration::zero();
  emit_task(step, run, task, TaskRetry{at_once, reason});
  if (at_once) return make_ready(step, run, task, std::move(reason));
  task.reason = std::move(reason);
  enter(step, run, task,
        UpForRetry{.due = step.now.boot + delay, .not_before = step.now.wall + delay});
}

const OutputValue* find_output(const AttemptFinished& report, const std::string& asset) {
  for (const auto& output : report.outputs) {
    if (output.asset == asset) return &output;
  }
  return nullptr;
}

std::vector<Digest> missing_artifacts(const Step& step, const AttemptFinished& report) {
  std::vector<Digest> missing;
  if (PLANTED(kSuccessBeforeArtifact)) return missing;
  for (const auto& output : report.outputs) {
    if (output.bytes != nullptr || output.value.kind == ArtifactKind::kExternal) continue;
    if (!step.facts.artifacts.contains(output.value.digest)) missing.push_back(output.value.digest);
  }
  return missing;
}

// What is wrong with a report of success, "" when nothing is.
std::string report_problem(const Step& step, const Run& run, const Task& task,
                           const AttemptFinished& report) {
  if (report.success == SuccessKind::kValue) {
    for (const auto& output : task.spec->outputs) {
      const OutputValue* value = find_output(report, output.asset);
      if (value == nullptr) return "the report lacks a value of " + output.asset;
      if (value->value.type != output.type) {
        return "the value of " + output.asset + " has type " + value->value.type +
               ", the manifest says " + output.type;
      }
    }
  }
  if (report.success == SuccessKind::kUnchanged) {
    for (const auto& output : task.spec->outputs) {
      const AssetPartitionView of(output.asset, partition_of(run, task));
      if (current_version(step.state, of).materialization != 0) continue;
      return "the stage says that nothing changed, but " + of.text() +
             " has no version that could be kept";
    }
  }
  if (report.cursor && report.cursor->value.bytes == nullptr) {
    return "the cursor's value did not come with the report; it may have up to " +
           std::to_string(kInlineBytesMax) + " bytes";
  }
  if (report.cursor) {
    const auto cursor = step.state.cursors.find(cursor_of(run, task));
    const std::int64_t version = cursor == step.state.cursors.end() ? 0 : cursor->second.version;
    if (report.cursor->read_version != version) {
      return "the cursor moved from version " + std::to_string(report.cursor->read_version) +
             " to " + std::to_string(version) + " while the attempt ran";
    }
  }
  return "";
}

void store_bytes(Step& step, const OutputValue& output) {
  const bool external = output.value.kind == ArtifactKind::kExternal;
  if (output.bytes == nullptr && !external) return;
  write(step, ArtifactRow{output.value.digest, output.value.size, output.value.kind, output.bytes});
}

// Lineage: the versions that the attempt was given.
std::vector<AssetVersion> inputs_of(const State& state, const Run& run, const Task& task) {
  std::vector<AssetVersion> inputs;
  for (std::size_t i = 0; i < task.inputs.size(); ++i) {
    const InputSource& source = task.inputs[i];
    if (task.spec->dependencies[i].kind == module::DependencyKind::kSelfPrevious) {
      // Still the version that was handed out: a partition has one live writer.
      const AssetPartitionView own(task.spec->outputs.front().asset, partition_of(run, task));
      const CurrentVersion& previous = current_version(state, own);
      if (previous.materialization != 0) {
        inputs.push_back({own.own(), previous.materialization, previous.value});
      }
    } else if (source.pin >= 0) {
      const AssetVersion& pin = run.row.pins[std::size_t(source.pin)];
      if (pin.materialization != 0) inputs.push_back(pin);
    } else if (source.parent >= 0 && source.output >= 0) {
      const Task& parent = run.tasks[std::size_t(source.parent)];
      const auto output = std::size_t(source.output);
      if (output >= parent.outputs.size()) continue;
      const OutputRef& made = parent.outputs[output];
      inputs.push_back({{made.asset, partition_of(run, parent)}, made.materialization, made.value});
    }
  }
  return inputs;
}

// None when the report does not say when it began.
std::optional<std::int64_t> took_ms(const AttemptFinished& report) {
  if (report.started_at == WallTime{}) return std::nullopt;
  const auto took =
      std::chrono::ceil<std::chrono::milliseconds>(report.finished_at - report.started_at);
  return std::max<std::int64_t>(took.count(), 0);
}

// What all outputs of an attempt have in common.
struct MadeFrom {
  std::vector<AssetVersion> inputs;
  Basis basis;
};

MadeFrom made_from(const State& state, const Run& run, const Task& task, WallTime leased_at) {
  MadeFrom made{inputs_of(state, run, task), basis_of(state, run, task)};
  if (!made.basis.all) return made;
  // What was observed while it ran it may have read or not.
  for (const auto& dependency : task.spec->dependencies) {
    const auto seen = state.partitions.find(AssetPartitionView(dependency.name, ""));
    const bool later = seen != state.partitions.end() &&
                       seen->second.current.materialization == 0 &&
                       seen->second.verified_at > leased_at;
    if (later) made.basis.all = {};
  }
  return made;
}

void materialize(Step& step, Run& run, Task& task, const AttemptFinished& report,
                 const OutputValue& output, const MadeFrom& from) {
  auto& partition = partition_entry(step.state, {output.asset, partition_of(run, task)});
  MaterializationRow row;
  row.id = ++step.state.last_materialization;
  row.of = partition.first;
  row.attempt = report.key;
  row.value = output.value;
  row.metadata = report.metadata;
  row.code_version = task.spec->code_version;
  row.module = run.modules[std::size_t(task.module)]->row.digest;
  row.inputs = from.inputs;
  row.at = step.now.wall;
  row.basis = from.basis.all;
  row.params = from.basis.params;
  partition.second.current = {row.id, row.value, run.row.id, row.at, row.basis};
  settle(partition.second, run.row.id, "");
  store_bytes(step, output);
  write(step, partition_row(partition));
  emit_task(step, run, task, AssetMaterialized{row.of, output.value.digest});
  if (row.of.partition.empty()) asset_renewed(step, row.of.asset, took_ms(report));
  task.outputs.push_back({output.asset, output.value, false, row.id});
  write(step, std::move(row));
}

void advance_cursor(Step& step, const Run& run, const Task& task, const CursorAdvance& advance) {
  StagePartition key = cursor_of(run, task);
  CursorRow& cursor = step.state.cursors[key];
  cursor.key = std::move(key);
  cursor.version += 1;
  cursor.value = advance.value.value.digest;
  store_bytes(step, advance.value);
  write(step, cursor);
}

void succeed(Step& step, Run& run, Task& task, const AttemptFinished& report, WallTime leased_at) {
  if (report.cursor) advance_cursor(step, run, task, *report.cursor);
  task.outputs.clear();
  switch (report.success) {
    case SuccessKind::kSkipped:
      return end_task(step, run, task, TaskState::kSkipped, report.message);
    case SuccessKind::kUnchanged:
      keep_versions(step, run, task, took_ms(report));
      return end_task(step, run, task, TaskState::kSucceeded, "unchanged");
    case SuccessKind::kValue:
      break;
  }
  const MadeFrom from = made_from(step.state, run, task, leased_at);
  for (const auto& spec : task.spec->outputs) {
    materialize(step, run, task, report, *find_output(report, spec.asset), from);
  }
  end_task(step, run, task, TaskState::kSucceeded, "");
}

void fail_or_retry(Step& step, Run& run, Task& task, const AttemptFinished& report) {
  const std::string why = outcome_text(report.outcome, report.message);
  if (run.row.state == RunState::kCanceling) {
    return end_task(step, run, task, TaskState::kCanceled, why);
  }
  if (report.outcome == OutcomeClass::kCrashed &&
      ++task.executor_deaths >= step.state.options.executor_deaths_max) {
    return end_task(step, run, task, TaskState::kFailed,
                    "killed its executor " + std::to_string(task.executor_deaths) +
                        " times; last: " + report.message);
  }
  const auto& retry = task.spec->retry;
  if (!author_may_retry(report) || task.author_budget_used >= retry.max_attempts) {
    return end_task(step, run, task, TaskState::kFailed, why);
  }
  constexpr auto kMsMax = std::chrono::duration_cast<std::chrono::milliseconds>(kRetryDelayMax);
  const std::chrono::milliseconds declared(std::min<std::int64_t>(retry.delay_ms, kMsMax.count()));
  const Duration delay = std::min(report.retry_after.value_or(declared), kRetryDelayMax);
  retry_later(step, run, task, delay, why);
}

void record_checks(Step& step, Run& run, const Task& task, const AttemptFinished& report) {
  std::set<std::pair<std::string_view, std::string_view>> told;
  for (const auto& check : report.checks) {
    // A verdict is history: of two in one report, which none of our executors makes, the first is
    // it.
    if (!told.emplace(check.asset, check.name).second) continue;
    write(step, CheckRow{report.key, check.asset, check.name, check.severity, check.passed,
                         check.reason, check.metadata, step.now.wall, partition_of(run, task)});
    if (check.passed) {
      check_passed(step, {check.asset, partition_of(run, task)}, check.name);
      continue;
    }
    emit_task(
        step, run, task,
        CheckFailed{
            {check.asset, partition_of(run, task)}, check.name, check.severity, check.reason});
  }
}

bool failed_blocking_check(const AttemptFinished& report) {
  return std::any_of(report.checks.begin(), report.checks.end(), [](const CheckResult& check) {
    return !check.passed && check.severity == module::CheckSeverity::kBlocking;
  });
}

void learn_duration(Step& step, const std::string& worker, const AttemptFinished& report) {
  const auto found = step.state.workers.find(worker);
  if (found == step.state.workers.end() || report.started_at == WallTime{}) return;
  const auto took = double((report.finished_at - report.started_at).count());
  double& mean = found->second.mean_us;
  const double sample = std::max(1.0, took);
  mean = mean <= 0 ? sample : mean + kMeanWeight * (sample - mean);
  index_worker(step.state, found->second);
}

// Whether it is news.
template <class Attempt>
bool note_progress(Attempt& attempt, const Progress& said, WallTime at) {
  if (attempt.progress_at && attempt.progress == said) return false;
  attempt.progress = said;
  attempt.progress_at = at;
  return true;
}

AttemptRow finished_row(const Run& run, const Task& task, const LiveAttempt& live,
                        const AttemptFinished& report, WallTime now) {
  AttemptRow row = live_attempt_row(run, task, live);
  if (report.progress) note_progress(row, *report.progress, now);
  row.outcome = report.outcome;
  row.message = report.message;
  row.detail = report.detail;
  row.metadata = report.metadata;
  if (report.started_at != WallTime{}) row.started_at = report.started_at;
  row.finished_at = report.finished_at;
  return row;
}

// The live attempt that the key names under its present epoch, leased to that worker or waiting to
// be adopted by it.
const LiveAttempt* live_attempt(const Task& task, const AttemptKey& key, const Worker& worker) {
  const LiveAttempt* live = nullptr;
  if (const auto* leased = std::get_if<Leased>(&task.phase)) live = leased->attempt.get();
  const auto* ready = std::get_if<Ready>(&task.phase);
  if (ready != nullptr && ready->adoptable) live = ready->adoptable.get();
  if (PLANTED(kSkippedFence)) return live;
  const bool holds = live != nullptr && task.epoch == key.epoch && live->worker == worker.row.id;
  return holds ? live : nullptr;
}

// An attempt that ended as the infrastructure's fault, or because it was asked to.
bool settle_without_author(Step& step, Run& run, Task& task, const AttemptFinished& report) {
  switch (report.outcome) {
    case OutcomeClass::kCanceled:
      if (run.row.state == RunState::kCanceling) {
        end_task(step, run, task, TaskState::kCanceled, run.row.message);
      } else {
        if (Worker* worker = worker_of(step, report.session)) hold_back(step, *worker);
        emit_task(step, run, task, TaskRetry{true, report.message});
        make_ready(step, run, task, "its worker gave it up: " + report.message);
      }
      return true;
    case OutcomeClass::kLoadError:
      if (Worker* worker = worker_of(step, report.session)) {
        worker->cannot_load.insert(run.row.modules[std::size_t(task.module)]);
      }
      [[fallthrough]];
    case OutcomeClass::kWorkerLost:
    case OutcomeClass::kLeaseLost:
      lose_attempt(step, run, task, report.outcome, report.message);
      return true;
    default:
      return false;
  }
}

// A success that cannot be accepted becomes a failure that says why.
AttemptFinished judged(const Step& step, const Run& run, const Task& task, AttemptFinished report) {
  if (report.outcome != OutcomeClass::kSucceeded) return report;
  if (failed_blocking_check(report)) {
    report.outcome = OutcomeClass::kCheckFailed;
    report.message = "a blocking check failed";
  } else if (std::string problem = report_problem(step, run, task, report); !problem.empty()) {
    report.outcome = OutcomeClass::kFailed;
    report.message = std::move(problem);
  }
  return report;
}

}  // namespace

void keep_versions(Step& step, const Run& run, Task& task, std::optional<std::int64_t> took) {
  for (const auto& output : task.spec->outputs) {
    auto& partition = partition_entry(step.state, {output.asset, partition_of(run, task)});
    const auto& current = partition.second.current;
    task.outputs.push_back({output.asset, current.value, true, current.materialization});
    settle(partition.second, run.row.id, "");
    partition.second.verified_at = step.now.wall;
    write(step, partition_row(partition));
    if (partition_of(run, task).empty()) asset_renewed(step, output.asset, took);
  }
}

void close_attempt(Step& step, Run& run, Task& task, AttemptRow row) {
  if (auto* ready = std::get_if<Ready>(&task.phase)) ready->adoptable.reset();  // it is this one
  if (row.started_at) task.started_at = row.started_at;
  write(step, std::move(row));
  touch(step, run, task);
}

void lose_attempt(Step& step, Run& run, Task& task, OutcomeClass outcome, std::string why) {
  const std::string reason = outcome_text(outcome, why);
  if (run.row.state == RunState::kCanceling) {
    return end_task(step, run, task, TaskState::kCanceled, reason);
  }
  task.infrastructure_budget_used += 1;
  if (task.infrastructure_budget_used >= step.state.options.infrastructure_attempts_max) {
    return end_task(step, run, task, TaskState::kFailed,
                    reason + " (" + std::to_string(task.infrastructure_budget_used) +
                        " attempts lost to the infrastructure, which is the limit)");
  }
  const Duration delay =
      outcome == OutcomeClass::kLoadError ? Duration(kLoadErrorDelay) : Duration::zero();
  retry_later(step, run, task, delay, reason);
}

void stop_attempt(Step& step, Run& run, Task& task, std::string reason) {
  auto& leased = std::get<Leased>(task.phase);
  const auto deadline = step.now.boot + step.state.options.cancel_grace + step.state.options.lease;
  leased.stop_deadline = deadline;
  const TaskRef ref{run.row.id, index_of(run, task)};
  step.state.timers.push({deadline, TimerKind::kStop, "", ref});
  const Worker& worker = step.state.workers.at(leased.attempt->worker);
  send(step, worker.session, Stop{{ref.run, ref.index, task.epoch}, std::move(reason)});
}

void attempt_started(Step& step, const AttemptStarted& command) {
  const Worker* worker = worker_of(step, command.session);
  Task* task = find_task(step.state, {command.key.run, command.key.task});
  if (worker == nullptr || task == nullptr || task->epoch != command.key.epoch) return;
  auto* leased = std::get_if<Leased>(&task->phase);
  if (leased == nullptr || leased->attempt->started_at) return;
  if (leased->attempt->worker != worker->row.id) return;
  Run& run = *find_run(step.state, command.key.run);
  begin_attempt(step, run, *task, command.started_at);
  write_lazy(step, live_attempt_row(run, *task, *leased->attempt));
  emit_task(step, run, *task, TaskStarted{});
}

// Of an attempt that is leased to whoever says so; what comes late, or of another epoch, is
// nothing.
void attempts_progressed(Step& step, const AttemptsProgressed& command) {
  const Worker* worker = worker_of(step, command.session);
  if (worker == nullptr) return;
  for (const auto& [key, progress] : command.attempts) {
    Task* task = find_task(step.state, {key.run, key.task});
    if (task == nullptr || task->epoch != key.epoch) continue;
    const auto* leased = std::get_if<Leased>(&task->phase);
    if (leased == nullptr || leased->attempt->worker != worker->row.id) continue;
    if (!note_progress(*leased->attempt, progress, step.now.wall)) continue;
    write_lazy(step, live_attempt_row(*find_run(step.state, key.run), *task, *leased->attempt));
  }
}

void attempt_finished(Step& step, const AttemptFinished& command) {
  const Worker* worker = worker_of(step, command.session);
  if (worker == nullptr) return;
  // Without an answer the worker keeps its report, and tells it again to whoever can read the run.
  if (step.state.set_aside.contains(command.key.run)) return;
  Run* run = find_run(step.state, command.key.run);
  Task* task = find_task(step.state, {command.key.run, command.key.task});
  const LiveAttempt* live = task == nullptr ? nullptr : live_attempt(*task, command.key, *worker);
  if (live == nullptr) {
    // Reported before, or of a run that is over: only what somebody else does now is stale.
    const bool leased = task != nullptr && std::holds_alternative<Leased>(task->phase);
    const bool stale = leased || (task != nullptr && task->epoch != command.key.epoch);
    return send(step, command.session, Acknowledge{command.key, stale});
  }
  if (command.outcome == OutcomeClass::kSucceeded) {
    if (auto missing = missing_artifacts(step, command); !missing.empty()) {
      return send(step, command.session, NeedArtifacts{command.key, std::move(missing)});
    }
  }
  const AttemptFinished report = judged(step, *run, *task, command);
  learn_duration(step, live->worker, report);
  const WallTime leased_at = live->leased_at;
  AttemptRow row = finished_row(*run, *task, *live, report, step.now.wall);
  task->author_budget_used += consumes_author_budget(report.outcome) ? 1 : 0;
  close_attempt(step, *run, *task, std::move(row));
  record_checks(step, *run, *task, report);
  send(step, command.session, Acknowledge{command.key, false});
  if (report.outcome == OutcomeClass::kSucceeded) {
    return succeed(step, *run, *task, report, leased_at);
  }
  if (settle_without_author(step, *run, *task, report)) return;
  fail_or_retry(step, *run, *task, report);
}

void attempt_released(Step& step, const AttemptReleased& command) {
  Worker* worker = worker_of(step, command.session);
  if (worker == nullptr) return;
  Run* run = find_run(step.state, command.key.run);
  Task* task = find_task(step.state, {command.key.run, command.key.task});
  const LiveAttempt* live = task == nullptr ? nullptr : live_attempt(*task, command.key, *worker);
  if (live == nullptr) return;
  // Leased to it again at once, it would be given back at once, for ever.
  const auto* leased = std::get_if<Leased>(&task->phase);
  if (leased == nullptr || !leased->revoking) hold_back(step, *worker);
  AttemptRow row = live_attempt_row(*run, *task, *live);
  row.outcome = OutcomeClass::kReleased;
  row.message = command.reason;
  row.finished_at = step.now.wall;
  close_attempt(step, *run, *task, std::move(row));
  if (run->row.state == RunState::kCanceling) {
    return end_task(step, *run, *task, TaskState::kCanceled, run->row.message);
  }
  make_ready(step, *run, *task, "given back: " + command.reason);
}

}  // namespace weir::engine
