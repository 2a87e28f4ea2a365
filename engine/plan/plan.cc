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

// Where a run's assets and tasks are made: by way of the indices of its modules, for a map of its
// own would cost more than all the rest of a large run.
class Producers {
 public:
  explicit Producers(const Run& run) : run_(run) {
    for (const auto& module : run.modules) {
      task_of_.emplace_back(module->manifest->stages.size(), -1);
    }
    for (std::size_t i = 0; i < run.tasks.size(); ++i) {
      const Task& task = run.tasks[i];
      task_of_[std::size_t(task.module)][std::size_t(task.stage)] = std::int32_t(i);
    }
  }

  // An empty source when no task of the run makes it.
  InputSource of(const Task& task, const DependencySpec& dep) const {
    if (!joins_run(dep.kind)) return {};
    for (std::size_t m = 0; m < run_.modules.size(); ++m) {
      const auto made = run_.modules[m]->stage_by_asset.find(dep.name);
      if (made == run_.modules[m]->stage_by_asset.end()) continue;
      const std::int32_t parent = task_of_[m][std::size_t(made->second)];
      if (parent >= 0) return {.parent = parent, .output = output_of(parent, dep.name), .pin = -1};
    }
    const auto& own = *run_.modules[std::size_t(task.module)];
    const auto named = own.stage_by_name.find(dep.name);
    if (named == own.stage_by_name.end()) return {};
    const std::int32_t parent = task_of_[std::size_t(task.module)][std::size_t(named->second)];
    return {.parent = parent, .output = -1, .pin = -1};
  }

 private:
  std::int32_t output_of(std::int32_t task, const std::string& asset) const {
    const auto& outputs = run_.tasks[std::size_t(task)].spec->outputs;
    const auto found = std::find_if(outputs.begin(), outputs.end(),
                                    [&](const auto& output) { return output.asset == asset; });
    return std::int32_t(found - outputs.begin());
  }

  const Run& run_;
  std::vector<std::vector<std::int32_t>> task_of_;  // by module and stage; -1: not in the run
};

// What a run's links follow from: its modules and, in order, its stages.
Digest digest_of_plan(const Run& run) {
  std::string text;
  for (const Digest& module : run.row.modules) text += module.hex();
  for (const Task& task : run.tasks) {
    text.append(reinterpret_cast<const char*>(&task.module), sizeof task.module);
    text.append(reinterpret_cast<const char*>(&task.stage), sizeof task.stage);
  }
  return base::sha256(text);
}

std::map<std::string_view, std::int32_t> pins_of(const Run& run) {
  std::map<std::string_view, std::int32_t> index;
  for (std::size_t i = 0; i < run.row.pins.size(); ++i) {
    index.emplace(run.row.pins[i].asset, std::int32_t(i));
  }
  return index;
}

void find_inputs(const Run& run, Links& links) {
  const Producers producers(run);
  const auto pins = pins_of(run);
  for (const Task& task : run.tasks) {
    links.first_input.push_back(std::int32_t(links.inputs.size()));
    for (const DependencySpec& dep : task.spec->dependencies) {
      InputSource source = producers.of(task, dep);
      const auto pin = source.parent < 0 ? pins.find(dep.name) : pins.end();
      if (pin != pins.end()) source.pin = pin->second;
      links.inputs.push_back(source);
    }
  }
  links.first_input.push_back(std::int32_t(links.inputs.size()));
}

// The inputs turned round, in the order of the children.
void find_children(const Run& run, Links& links) {
  auto& first = links.first_child;
  first.assign(run.tasks.size() + 1, 0);
  for (const InputSource& input : links.inputs) {
    if (input.parent >= 0) first[std::size_t(input.parent) + 1] += 1;
  }
  for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  links.children.resize(std::size_t(first.back()));
  std::vector<std::int32_t> next(first.begin(), first.end() - 1);
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    const auto& dependencies = run.tasks[i].spec->dependencies;
    for (std::size_t d = 0; d < dependencies.size(); ++d) {
      const auto& input = links.inputs[std::size_t(links.first_input[i]) + d];
      if (input.parent < 0) continue;
      auto& at = next[std::size_t(input.parent)];
      links.children[std::size_t(at++)] = {std::int32_t(i), dependencies[d].group};
    }
  }
}

std::shared_ptr<const Links> make_links(const Run& run, const Digest& plan) {
  auto links = std::make_shared<Links>();
  links->plan = plan;
  find_inputs(run, *links);
  find_children(run, *links);
  return links;
}

// The part of `all` that belongs to the task.
template <class Item>
std::span<const Item> part_of(const std::vector<Item>& all, const std::vector<std::int32_t>& first,
                              std::size_t task) {
  const auto begin = std::size_t(first[task]), end = std::size_t(first[task + 1]);
  return std::span(all).subspan(begin, end - begin);
}

void make_groups(Run& run) {
  std::size_t count = 0;
  for (const Task& task : run.tasks) count += task.spec->rules.size();
  run.groups.resize(count);
  std::size_t next = 0;
  for (Task& task : run.tasks) {
    const auto& rules = task.spec->rules;
    task.groups = std::span(run.groups).subspan(next, rules.size());
    next += rules.size();
    for (std::size_t g = 0; g < rules.size(); ++g) task.groups[g] = {.rule = rules[g]};
    for (std::size_t i = 0; i < task.inputs.size(); ++i) {
      if (task.inputs[i].parent < 0) continue;
      task.groups[std::size_t(task.spec->dependencies[i].group)].total += 1;
    }
  }
}

}  // namespace

int bounded_priority(int priority) { return std::clamp(priority, -kPriorityMax, kPriorityMax); }

std::int32_t task_priority(const RunRow& run, const module::StageSpec& stage) {
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

void link_tasks(State& state, Run& run) {
  const Digest plan = digest_of_plan(run);
  auto& shared = state.links[plan];
  run.links = shared.lock();
  if (run.links == nullptr) shared = run.links = make_links(run, plan);
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    Task& task = run.tasks[i];
    task.inputs = part_of(run.links->inputs, run.links->first_input, i);
    task.children = part_of(run.links->children, run.links->first_child, i);
  }
  make_groups(run);
  for (Task& task : run.tasks) {
    task.decides = std::all_of(task.children.begin(), task.children.end(), [&](const Edge& edge) {
      return is_clean_up(run.tasks[std::size_t(edge.child)]);
    });
  }
}

std::vector<OutsideInput> outside_inputs(const Run& run) {
  const Producers producers(run);
  std::map<std::string, OutsideInput> inputs;
  for (const Task& task : run.tasks) {
    for (const DependencySpec& dep : task.spec->dependencies) {
      const bool reads =
          dep.kind == DependencyKind::kAsset || dep.kind == DependencyKind::kLastGood;
      if (!reads) continue;
      if (dep.kind == DependencyKind::kAsset && producers.of(task, dep).parent >= 0) continue;
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
