// Runs: creation with pinned modules and inputs, a plan without a run, cancellation, and the end
// that the leaves decide, with its notice in the outbox. Part of Engine's step. A run that has
// ended is dropped from memory at the end of the step; only its rows remain.
#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/json.h"
#include "base/names.h"
#include "engine/step.h"
#include "value/json.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Json;
using base::Status;

// What a stage would refuse is refused here, before there is a run.
Status check_members(const std::string& name, const Json& given, const Run& run) {
  for (const auto& module : run.modules) {
    for (const auto& param : module->manifest->params) {
      if (param.name != name || param.schema.empty()) continue;
      const auto defaults = Json::parse(param.defaults);
      if (!defaults.ok()) return defaults.status();
      const auto merged = value::merge_params(param.schema, *defaults, given);
      if (!merged.ok()) {
        return Status(merged.status().code(), merged.status().error(),
                      "parameter '" + name + "': " + merged.status().message());
      }
    }
  }
  return {};
}

Status check_params(const std::map<std::string, std::string>& params, const Run& run) {
  std::vector<std::string> known;
  for (const auto& module : run.modules) {
    for (const auto& param : module->manifest->params) known.push_back(param.name);
  }
  for (const auto& [name, text] : params) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Status(Code::kInvalidArgument, base::kErrBadParam,
                    "no parameter is named '" + name + "'." + base::did_you_mean(name, known));
    }
    const auto parsed = Json::parse(text);
    if (!parsed.ok() || !parsed->is_object()) {
      return Status(Code::kInvalidArgument, base::kErrBadParam,
                    "parameter '" + name + "' must be a JSON object of the members to override" +
                        (parsed.ok() ? "" : ": " + parsed.status().message()));
    }
    if (Status status = check_members(name, *parsed, run); !status.ok()) return status;
  }
  return {};
}

std::string params_text(const std::map<std::string, std::string>& params) {
  Json object{Json::Object{}};
  for (const auto& [name, text] : params) object.set(name, *Json::parse(text));
  return object.dump();
}

// The run's modules and tasks, without edges.
Run make_run(const State& state, const CreateRun& command,
             const std::vector<PlannedStage>& stages) {
  Run run;
  run.row.id = command.id;
  run.row.job = command.job;
  run.row.selection = command.selection;
  run.row.reason = command.reason;
  run.row.priority = command.priority;
  run.row.task_count = std::int32_t(stages.size());
  run.tasks.reserve(stages.size());
  for (const auto& planned : stages) {
    const auto known = std::find(run.row.modules.begin(), run.row.modules.end(), planned.module);
    Task task;
    task.module = std::int32_t(known - run.row.modules.begin());
    task.stage = planned.stage;
    if (known == run.row.modules.end()) {
      run.row.modules.push_back(planned.module);
      run.modules.push_back(state.modules.at(planned.module));
    }
    const auto& manifest = *run.modules[std::size_t(task.module)]->manifest;
    task.spec = &manifest.stages[std::size_t(task.stage)];
    task.priority = task_priority(run.row, *task.spec);
    run.tasks.push_back(std::move(task));
  }
  run.unfinished = run.row.task_count;
  return run;
}

Status missing_input(const State& state, const OutsideInput& input) {
  const auto asset = state.assets.find(input.asset);
  if (asset == state.assets.end() || asset->second.row.retired) {
    return Status(Code::kFailedPrecondition, base::kErrInputMissing,
                  "'" + input.consumer + "' needs '" + input.asset +
                      "', which no registered pipeline makes; register the pipeline that makes it "
                      "(weir register PROGRAM) and run it first");
  }
  return Status(Code::kFailedPrecondition, base::kErrInputMissing,
                "'" + input.consumer + "' needs '" + input.asset +
                    "', which has no version yet; run it first, or select it too: +" +
                    input.consumer);
}

// A consumer that a breaking change left behind is blocked until it is registered anew.
Status check_types(const State& state, const Run& run) {
  for (const Task& task : run.tasks) {
    for (const auto& dep : task.spec->dependencies) {
      const auto asset = state.assets.find(dep.name);
      if (dep.type.empty() || asset == state.assets.end()) continue;
      const auto& row = asset->second.row;
      const auto& pipeline = run.modules[std::size_t(task.module)]->manifest->pipeline;
      if (row.retired || row.pipeline == pipeline || row.type == dep.type) continue;
      return Status(Code::kFailedPrecondition, base::kErrTypeMismatch,
                    "'" + task.spec->name + "' reads '" + dep.name + "' as type " + dep.type +
                        ", but pipeline '" + row.pipeline + "' now makes type " + row.type +
                        "; build and register pipeline '" + pipeline + "' against it");
    }
  }
  return {};
}

// Inputs from outside the selection are fixed now: later versions do not reach this run.
Status pin_inputs(const State& state, Run& run) {
  for (const OutsideInput& input : outside_inputs(run)) {
    const auto asset = state.assets.find(input.asset);
    Pin pin{.asset = input.asset, .materialization = 0, .value = {}};
    if (asset != state.assets.end() && asset->second.current.materialization != 0) {
      pin.materialization = asset->second.current.materialization;
      pin.value = asset->second.current.value;
    } else if (input.required) {
      return missing_input(state, input);
    }
    run.row.pins.push_back(std::move(pin));
  }
  return {};
}

Status id_in_use(RunId id) {
  return Status(Code::kAlreadyExists, base::kErrInternal,
                "run id " + id.text() + " is in use; repeat the request");
}

Status check_resident(const State& state, const Run& run) {
  if (std::ssize(state.runs) >= state.options.live_runs_max) {
    return Status(Code::kResourceExhausted, base::kErrLimit,
                  "there are " + std::to_string(state.runs.size()) +
                      " live runs, which is the limit; wait for some to end or cancel them");
  }
  if (state.resident_tasks + run.row.task_count > state.options.resident_tasks_max) {
    return Status(Code::kResourceExhausted, base::kErrLimit,
                  "the live runs have " + std::to_string(state.resident_tasks) +
                      " tasks and this one would add " + std::to_string(run.row.task_count) +
                      "; the limit resident_tasks_max is " +
                      std::to_string(state.options.resident_tasks_max) +
                      "; wait for runs to end or cancel some");
  }
  return {};
}

Status check_limits(const State& state, const CreateRun& command, std::size_t tasks) {
  if (tasks > std::size_t(state.options.tasks_per_run_max)) {
    return Status(Code::kResourceExhausted, base::kErrLimit,
                  "the run would have " + std::to_string(tasks) + " tasks; the limit is " +
                      std::to_string(state.options.tasks_per_run_max));
  }
  if (!command.id || state.runs.contains(command.id)) return id_in_use(command.id);
  return {};
}

base::Result<Run> prepare_run(const State& state, const CreateRun& command) {
  if (command.job.empty() == command.selection.empty()) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  "give either a job or a selection to run");
  }
  if (command.priority != bounded_priority(command.priority)) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  "the priority " + std::to_string(command.priority) + " is beyond ±" +
                      std::to_string(kPriorityMax));
  }
  CreateRun request = command;
  if (!command.job.empty()) {
    const auto job = find_job(state, command.job);
    if (!job.ok()) return job.status();
    request.job = job->name;
    request.priority += bounded_priority(job->spec->priority);
  }
  const auto stages = plan_stages(state, request.job, request.selection);
  if (!stages.ok()) return stages.status();
  if (Status status = check_limits(state, request, stages->size()); !status.ok()) return status;
  Run run = make_run(state, request, *stages);
  if (Status status = check_params(command.params, run); !status.ok()) return status;
  run.row.params = params_text(command.params);
  if (Status status = check_types(state, run); !status.ok()) return status;
  if (Status status = pin_inputs(state, run); !status.ok()) return status;
  return run;
}

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

void notify_end(Step& step, const Run& run) {
  if (!step.state.options.notify_run_finished) return;
  Json payload{Json::Object{}};
  payload.set("run", run.row.id.text());
  payload.set("job", run.row.job);
  payload.set("selection", run.row.selection);
  payload.set("state", run_state_name(run.row.state));
  payload.set("message", run.row.message);
  OutboxRow row{.id = ++step.state.last_outbox,
                .kind = "run_finished",
                .payload = payload.dump(),
                .delivered = false,
                .at = step.now.wall};
  step.state.outbox.emplace(row.id, row);
  write(step, std::move(row));
}

}  // namespace

void create_run(Step& step, const CreateRun& command) {
  if (answered_before(step, command.request)) return;
  auto prepared = prepare_run(step.state, command);
  if (prepared.ok()) {
    if (Status status = check_resident(step.state, *prepared); !status.ok()) prepared = status;
  }
  if (prepared.ok() && step.facts.runs.contains(command.id)) prepared = id_in_use(command.id);
  if (!prepared.ok()) return reply(step, command.request, prepared.status(), "");
  Run& run = step.state.runs.emplace(command.id, std::move(*prepared)).first->second;
  link_tasks(step.state, run);
  step.state.resident_tasks += run.row.task_count;
  run.row.created_at = step.now.wall;
  for (const auto& module : run.modules) module->live_runs += 1;
  step.dirty_runs.insert(command.id);
  emit_run(step, run, EventKind::kRunCreated, command.reason);
  begin(step, run);
  reply(step, command.request, {}, command.id.text());
  step.effects.durability = Durability::kSync;
}

void plan_run(Step& step, const PlanRun& command) {
  CreateRun request;
  request.job = command.job;
  request.selection = command.selection;
  request.id = RunId{~0ull >> 1};
  const auto prepared = prepare_run(step.state, request);
  if (!prepared.ok()) {
    step.effects.replies.push_back({command.reply_to, prepared.status(), ""});
    return;
  }
  Json names{Json::Array{}};
  for (const Task& task : prepared->tasks) names.push(task.spec->name);
  step.effects.replies.push_back({command.reply_to, {}, names.dump()});
}

void cancel_run(Step& step, const CancelRun& command) {
  if (answered_before(step, command.request)) return;
  Run* run = find_run(step.state, command.run);
  if (run == nullptr) {
    const auto ended = step.facts.runs.find(command.run);
    const bool known = ended != step.facts.runs.end();
    return reply(step, command.request,
                 known ? Status(Code::kFailedPrecondition, base::kErrRunFinished,
                                "run " + command.run.text() + " has already ended: " +
                                    std::string(run_state_name(ended->second.state)))
                       : Status(Code::kNotFound, base::kErrUnknownRun,
                                "there is no run " + command.run.text()),
                 "");
  }
  if (run->row.state != RunState::kCanceling) {
    run->row.state = RunState::kCanceling;
    run->row.message = command.reason.empty() ? "canceled" : command.reason;
    step.dirty_runs.insert(command.run);
    emit_run(step, *run, EventKind::kRunCanceling, run->row.message);
    for (Task& task : run->tasks) {
      if (std::holds_alternative<Leased>(task.phase)) {
        stop_attempt(step, *run, task, run->row.message);
      } else if (!std::holds_alternative<Ended>(task.phase)) {
        close_task(step, *run, task, TaskState::kCanceled, run->row.message);
      }
    }
    finish_run_if_done(step, *run);
  }
  reply(step, command.request, {}, "");
  step.effects.durability = Durability::kSync;
}

void finish_run_if_done(Step& step, Run& run) {
  if (run.unfinished > 0 || terminal(run.row.state)) return;
  const RunState end = end_of(run);
  if (end != RunState::kCanceled) run.row.message = count_ends(run);
  run.row.state = end;
  run.row.finished_at = step.now.wall;
  step.dirty_runs.insert(run.row.id);
  emit_run(step, run, EventKind::kRunFinished, run.row.message);
  notify_end(step, run);
  step.ended_runs.push_back(run.row.id);
}

}  // namespace weir::engine
