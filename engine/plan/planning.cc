// From what is asked for to a run that could begin: its row and its tasks, or why not. Reads what
// the view gives and changes nothing; safe from any thread that owns the view. Whether the run may
// begin now is admission's to say.
#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/json.h"
#include "base/names.h"
#include "engine/plan/plan.h"
#include "value/json.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Json;
using base::Status;

constexpr std::int64_t kRecordsOfAnEndMax = 3;  // a task, its attempt, its event; and its assets

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

Status check_params(const Json& params, const Run& run) {
  std::vector<std::string> known;
  for (const auto& module : run.modules) {
    for (const auto& param : module->manifest->params) known.push_back(param.name);
  }
  for (const auto& [name, members] : params.members()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Status(Code::kInvalidArgument, base::kErrBadParam,
                    "no parameter is named '" + name + "'." + base::did_you_mean(name, known));
    }
    if (Status status = check_members(name, members, run); !status.ok()) return status;
  }
  return {};
}

// One object of all parameters, in the order of their names.
base::Result<std::string> params_text(const std::map<std::string, std::string>& params) {
  Json object{Json::Object{}};
  for (const auto& [name, text] : params) {
    const auto parsed = Json::parse(text);
    if (!parsed.ok() || !parsed->is_object()) {
      return Status(Code::kInvalidArgument, base::kErrBadParam,
                    "parameter '" + name + "' must be a JSON object of the members to override" +
                        (parsed.ok() ? "" : ": " + parsed.status().message()));
    }
    object.set(name, *parsed);
  }
  return object.dump();
}

// The row's modules and tasks, without edges.
Run make_run(RunRow row, const std::vector<PlannedStage>& stages) {
  Run run;
  run.row = std::move(row);
  run.row.task_count = std::int32_t(stages.size());
  run.tasks.reserve(stages.size());
  for (const auto& planned : stages) {
    const auto known = std::find(run.modules.begin(), run.modules.end(), planned.module);
    Task task;
    task.module = std::int32_t(known - run.modules.begin());
    task.stage = planned.stage;
    if (known == run.modules.end()) {
      run.row.modules.push_back(planned.module->row.digest);
      run.modules.push_back(planned.module);
    }
    const auto& manifest = *run.modules[std::size_t(task.module)]->manifest;
    task.spec = &manifest.stages[std::size_t(task.stage)];
    task.priority = task_priority(run.row, *task.spec);
    run.tasks.push_back(std::move(task));
  }
  run.unfinished = run.row.task_count;
  return run;
}

Status missing_input(const AssetRow* asset, const OutsideInput& input) {
  if (asset == nullptr || asset->retired) {
    return Status(Code::kFailedPrecondition, base::kErrInputMissing,
                  "'" + input.consumer + "' needs '" + input.of.asset +
                      "', which no registered pipeline makes; register the pipeline that makes it "
                      "(weir register PROGRAM) and run it first");
  }
  return Status(Code::kFailedPrecondition, base::kErrInputMissing,
                "'" + input.consumer + "' needs '" + AssetPartitionView(input.of).text() +
                    "', which has no version yet; run it first, or select it too: +" +
                    input.consumer);
}

// A consumer that a breaking change left behind is blocked until it is registered anew.
Status check_types(const PlanView& view, const Run& run) {
  AlikeTasks alike(run);
  for (const Task& task : run.tasks) {
    if (alike.first(task) != index_of(run, task)) continue;
    for (const auto& dep : task.spec->dependencies) {
      const AssetRow* asset = dep.type.empty() ? nullptr : view.asset(dep.name);
      if (asset == nullptr) continue;
      const AssetRow& row = *asset;
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

Status check_inputs(const PlanView& view, const Run& run) {
  for (const OutsideInput& input : outside_inputs(run)) {
    if (!input.required) continue;
    if (!view.has_version(input.of)) return missing_input(view.asset(input.of.asset), input);
  }
  return {};
}

Status check_size(const PlanView& view, std::size_t tasks) {
  if (tasks <= std::size_t(view.tasks_max)) return {};
  return Status(Code::kResourceExhausted, base::kErrLimit,
                "the run would have " + std::to_string(tasks) + " tasks; the limit is " +
                    std::to_string(view.tasks_max));
}

// All tasks can end at once, by a cancel or a failure at their root, and what follows from one
// report is committed whole.
Status check_records(const PlanView& view, const Run& run) {
  std::int64_t records = 0;
  for (const Task& task : run.tasks) {
    records += kRecordsOfAnEndMax + std::ssize(task.spec->outputs);
  }
  if (records <= view.records_max) return {};
  return Status(Code::kResourceExhausted, base::kErrLimit,
                "the end of the run's " + std::to_string(run.tasks.size()) + " tasks could write " +
                    std::to_string(records) + " rows at once; the limit request_records_max is " +
                    std::to_string(view.records_max) + ": select fewer");
}

}  // namespace

base::Result<RunRow> run_row(const Catalog& catalog, const RunSpec& spec) {
  if (spec.job.empty() == spec.selection.empty()) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  "give either a job or a selection to run");
  }
  if (spec.priority != bounded_priority(spec.priority)) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  "the priority " + std::to_string(spec.priority) + " is beyond ±" +
                      std::to_string(kPriorityMax));
  }
  RunRow row;
  row.job = spec.job;
  row.selection = spec.selection;
  row.reason = spec.reason;
  row.priority = spec.priority;
  row.origin = spec.origin;
  row.start_at = spec.start_at;
  if (!spec.job.empty()) {
    const auto job = find_job(catalog, spec.job);
    if (!job.ok()) return job.status();
    row.job = job->name;
    row.priority += bounded_priority(job->spec->priority);
  }
  auto params = params_text(spec.params);
  if (!params.ok()) return params.status();
  row.params = std::move(*params);
  return row;
}

base::Result<Run> plan_tasks(const PlanView& view, RunRow row) {
  const auto params = Json::parse(row.params);
  if (!params.ok()) return params.status();
  const auto stages = plan_stages(view.catalog, row.job, row.selection);
  if (!stages.ok()) return stages.status();
  if (Status status = check_size(view, stages->size()); !status.ok()) return status;
  Run run = make_run(std::move(row), *stages);
  if (Status status = check_records(view, run); !status.ok()) return status;
  if (Status status = check_params(*params, run); !status.ok()) return status;
  if (Status status = check_types(view, run); !status.ok()) return status;
  if (Status status = check_inputs(view, run); !status.ok()) return status;
  return run;
}

}  // namespace weir::engine
