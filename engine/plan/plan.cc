// Planning: selections over the graph of all registered stages, jobs by full or short name, and the
// edges, groups, leaves and input sources of a run's tasks. Reads the engine's definitions and
// writes the new run only; called within a step, on the thread of the engine's owner.
#include "engine/plan/plan.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/errors.h"
#include "base/names.h"
#include "engine/plan/selection.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Result;
using base::Status;
using module::DependencyKind;
using module::DependencySpec;
using module::TriggerRule;

constexpr std::size_t kJobProblemsShownMax = 10;

// All stages of all active modules, and who makes which asset.
struct Catalog {
  std::vector<PlannedStage> stages;
  std::vector<const Module*> modules;  // by stage
  std::map<std::string, std::int32_t, std::less<>> by_asset;
  Graph graph;
  const module::StageSpec& spec(std::size_t i) const {
    return modules[i]->manifest->stages[std::size_t(stages[i].stage)];
  }
};

bool joins_run(DependencyKind kind) {
  return kind == DependencyKind::kAsset || kind == DependencyKind::kAfter;
}

std::int32_t producer_of(const Catalog& catalog, std::size_t consumer, const DependencySpec& dep) {
  if (const auto asset = catalog.by_asset.find(dep.name); asset != catalog.by_asset.end()) {
    return asset->second;
  }
  // An ordering dependency may name a task without assets, of the same pipeline.
  const Module* module = catalog.modules[consumer];
  const auto task = module->stage_by_name.find(dep.name);
  if (task == module->stage_by_name.end()) return -1;
  return std::int32_t(consumer) - catalog.stages[consumer].stage + task->second;
}

void add_stages(Catalog& catalog, const Digest& digest, const Module& module) {
  for (std::size_t i = 0; i < module.manifest->stages.size(); ++i) {
    const auto node = std::int32_t(catalog.stages.size());
    catalog.stages.push_back({digest, std::int32_t(i)});
    catalog.modules.push_back(&module);
    for (const auto& output : module.manifest->stages[i].outputs) {
      catalog.by_asset.emplace(output.asset, node);
    }
  }
}

// Once all stages are there.
void join_stages(Catalog& catalog) {
  catalog.graph.resize(catalog.stages.size());
  for (std::size_t i = 0; i < catalog.stages.size(); ++i) {
    const auto& spec = catalog.spec(i);
    catalog.graph[i].names.push_back(spec.name);
    for (const auto& output : spec.outputs) {
      if (output.asset != spec.name) catalog.graph[i].names.push_back(output.asset);
    }
    for (const auto& dep : spec.dependencies) {
      if (!joins_run(dep.kind)) continue;
      const std::int32_t parent = producer_of(catalog, i, dep);
      if (parent < 0) continue;
      catalog.graph[i].parents.push_back(parent);
      catalog.graph[std::size_t(parent)].children.push_back(std::int32_t(i));
    }
  }
}

Catalog make_catalog(const State& state, const std::string& only_pipeline) {
  Catalog catalog;
  for (const auto& [pipeline, digest] : state.active) {
    if (!only_pipeline.empty() && pipeline != only_pipeline) continue;
    add_stages(catalog, digest, *state.modules.at(digest));
  }
  join_stages(catalog);
  return catalog;
}

// Kahn's algorithm with a heap, so that ties keep the order of declaration.
std::vector<PlannedStage> in_order(const Catalog& catalog, const std::vector<bool>& chosen) {
  std::vector<std::int32_t> missing(catalog.stages.size(), 0);
  std::priority_queue<std::int32_t, std::vector<std::int32_t>, std::greater<>> open;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (!chosen[i]) continue;
    for (const auto parent : catalog.graph[i].parents) missing[i] += chosen[std::size_t(parent)];
    if (missing[i] == 0) open.push(std::int32_t(i));
  }
  std::vector<PlannedStage> order;
  while (!open.empty()) {
    const auto i = std::size_t(open.top());
    open.pop();
    order.push_back(catalog.stages[i]);
    for (const auto child : catalog.graph[i].children) {
      if (chosen[std::size_t(child)] && --missing[std::size_t(child)] == 0) open.push(child);
    }
  }
  return order;
}

bool always_fires(TriggerRule rule) {
  return rule == TriggerRule::kAllDone || rule == TriggerRule::kAlways;
}

// A clean-up task runs whatever its parents came to, so it says nothing about them.
bool is_clean_up(const Task& task) {
  return std::all_of(task.groups.begin(), task.groups.end(), [](const ParentCounts& group) {
    return group.total == 0 || always_fires(group.rule);
  });
}

struct Producers {
  std::map<std::string, std::pair<std::int32_t, std::int32_t>, std::less<>> assets;  // task, output
  std::map<std::pair<std::int32_t, std::string>, std::int32_t, std::less<>> tasks;
};

Producers producers_in(const Run& run) {
  Producers producers;
  for (const Task& task : run.tasks) {
    const auto index = std::int32_t(&task - run.tasks.data());
    producers.tasks.emplace(std::pair(task.module, task.spec->name), index);
    for (std::size_t output = 0; output < task.spec->outputs.size(); ++output) {
      producers.assets.emplace(task.spec->outputs[output].asset,
                               std::pair(index, std::int32_t(output)));
    }
  }
  return producers;
}

InputSource source_of(const Producers& producers, const Task& task, const DependencySpec& dep) {
  if (!joins_run(dep.kind)) return {};
  if (const auto asset = producers.assets.find(dep.name); asset != producers.assets.end()) {
    return {.parent = asset->second.first, .output = asset->second.second, .pin = -1};
  }
  const auto named = producers.tasks.find(std::pair(task.module, dep.name));
  if (named == producers.tasks.end()) return {};
  return {.parent = named->second, .output = -1, .pin = -1};
}

}  // namespace

int bounded_priority(int priority) { return std::clamp(priority, -kPriorityMax, kPriorityMax); }

std::int32_t task_priority(const RunRow& run, const base::StageSpec& stage) {
  return run.priority + bounded_priority(stage.priority);
}

Result<FoundJob> find_job(const State& state, const std::string& name) {
  std::vector<FoundJob> found;
  std::vector<std::string> known;
  for (const auto& [pipeline, digest] : state.active) {
    for (const auto& job : state.modules.at(digest)->manifest->jobs) {
      const std::string full = pipeline + "/" + job.name;
      known.push_back(full);
      known.push_back(job.name);
      if (full == name) return FoundJob{full, &job, digest};
      if (job.name == name) found.push_back({full, &job, digest});
    }
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Status(Code::kNotFound, base::kErrUnknownJob,
                  "no job is named '" + name + "'." + base::did_you_mean(name, known) +
                      " `weir register MODULE` adds the jobs of a module.");
  }
  std::string names;
  for (const auto& job : found) names += (names.empty() ? "" : ", ") + job.name;
  return Status(Code::kInvalidArgument, base::kErrAmbiguous,
                "'" + name + "' names several jobs: " + names + "; write the pipeline too");
}

Result<std::vector<PlannedStage>> plan_stages(const State& state, const std::string& job,
                                              const std::string& selection) {
  std::string expression = selection;
  std::string pipeline;
  if (!job.empty()) {
    const auto found = find_job(state, job);
    if (!found.ok()) return found.status();
    expression = found->spec->selection;
    pipeline = found->name.substr(0, found->name.size() - found->spec->name.size() - 1);
  }
  const Catalog catalog = make_catalog(state, pipeline);
  const auto chosen = select(catalog.graph, expression);
  if (!chosen.ok()) return chosen.status();
  auto order = in_order(catalog, *chosen);
  if (order.empty()) {
    return Status(Code::kInvalidArgument, base::kErrEmptySelection,
                  "the selection '" + expression +
                      "' matches no task; `weir assets list` shows "
                      "what is registered");
  }
  return order;
}

Status check_jobs(const std::shared_ptr<const Manifest>& manifest) {
  if (manifest->jobs.empty()) return {};
  const auto module = make_module({}, manifest);
  Catalog catalog;
  add_stages(catalog, {}, *module);
  join_stages(catalog);
  int first_error = 0;
  std::string text;
  std::size_t shown = 0;
  for (const auto& job : manifest->jobs) {
    const auto chosen = select(catalog.graph, job.selection);
    Status problem = chosen.status();
    if (chosen.ok() && std::find(chosen->begin(), chosen->end(), true) == chosen->end()) {
      problem = Status(Code::kInvalidArgument, base::kErrEmptySelection,
                       "the selection '" + job.selection + "' matches no task");
    }
    if (problem.ok()) continue;
    if (first_error == 0) first_error = problem.error();
    text += (text.empty() ? "job '" : "\njob '") + job.name + "': " + problem.message();
    if (++shown == kJobProblemsShownMax) break;
  }
  if (text.empty()) return {};
  return Status(Code::kInvalidArgument, first_error, std::move(text));
}

void link_tasks(Run& run, const std::map<std::string, std::int32_t>& pin_of) {
  const Producers producers = producers_in(run);
  for (Task& task : run.tasks) {
    for (const TriggerRule rule : task.spec->rules) task.groups.push_back({.rule = rule});
    for (const DependencySpec& dep : task.spec->dependencies) {
      InputSource source = source_of(producers, task, dep);
      if (source.parent >= 0) {
        task.groups[std::size_t(dep.group)].total += 1;
        run.tasks[std::size_t(source.parent)].children.push_back({index_of(run, task), dep.group});
      } else if (const auto pin = pin_of.find(dep.name); pin != pin_of.end()) {
        source.pin = pin->second;
      }
      task.inputs.push_back(source);
    }
  }
  for (Task& task : run.tasks) {
    task.decides = std::all_of(task.children.begin(), task.children.end(), [&](const Edge& edge) {
      return is_clean_up(run.tasks[std::size_t(edge.child)]);
    });
  }
}

std::vector<OutsideInput> outside_inputs(const Run& run) {
  const Producers producers = producers_in(run);
  std::map<std::string, OutsideInput> inputs;
  for (const Task& task : run.tasks) {
    for (const DependencySpec& dep : task.spec->dependencies) {
      const bool reads =
          dep.kind == DependencyKind::kAsset || dep.kind == DependencyKind::kLastGood;
      if (!reads) continue;
      if (dep.kind == DependencyKind::kAsset && producers.assets.contains(dep.name)) continue;
      OutsideInput& input = inputs[dep.name];
      input.asset = dep.name;
      input.required = input.required || !dep.optional;
      if (!dep.optional) input.consumer = task.spec->name;
    }
  }
  std::vector<OutsideInput> list;
  for (auto& [name, input] : inputs) list.push_back(std::move(input));
  return list;
}

}  // namespace weir::engine
