// The edges, counts of parents, leaves and input sources of a run's tasks, and what they read from
// outside of it. Writes the new run only; which stages it has was selected before. Called within a
// step, and by those who show a plan.
#include "engine/plan/plan.h"

#include <algorithm>
#include <utility>

namespace weir::engine {
namespace {

using module::DependencyKind;
using module::DependencySpec;
using module::TriggerRule;

bool always_fires(TriggerRule rule) {
  return rule == TriggerRule::kAllDone || rule == TriggerRule::kAlways;
}

// A clean-up task runs whatever its parents came to, so it says nothing about them.
bool is_clean_up(const Task& task) {
  return std::all_of(task.parents.begin(), task.parents.end(), [](const ParentCounts& parents) {
    return parents.total == 0 || always_fires(parents.rule);
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

std::map<AssetPartitionView, std::int32_t, PartitionOrder> pins_of(const Run& run) {
  std::map<AssetPartitionView, std::int32_t, PartitionOrder> index;
  for (std::size_t i = 0; i < run.row.pins.size(); ++i) {
    index.emplace(run.row.pins[i].of, std::int32_t(i));
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
      const auto pin =
          source.parent < 0 ? pins.find({dep.name, partition_of(run, task)}) : pins.end();
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
      links.children[std::size_t(at++)] = {std::int32_t(i), dependencies[d].rule};
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

void make_parents(Run& run) {
  std::size_t count = 0;
  for (const Task& task : run.tasks) count += task.spec->rules.size();
  run.parents.resize(count);
  std::size_t next = 0;
  for (Task& task : run.tasks) {
    const auto& rules = task.spec->rules;
    task.parents = std::span(run.parents).subspan(next, rules.size());
    next += rules.size();
    for (std::size_t r = 0; r < rules.size(); ++r) task.parents[r] = {.rule = rules[r]};
    for (std::size_t i = 0; i < task.inputs.size(); ++i) {
      if (task.inputs[i].parent < 0) continue;
      task.parents[std::size_t(task.spec->dependencies[i].rule)].total += 1;
    }
  }
}

}  // namespace

const std::string& partition_of(const Run& run, const Task&) { return run.row.origin.partition; }

int bounded_priority(int priority) { return std::clamp(priority, -kPriorityMax, kPriorityMax); }

std::int32_t task_priority(const RunRow& run, const module::StageSpec& stage) {
  return run.priority + bounded_priority(stage.priority);
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
  make_parents(run);
  for (Task& task : run.tasks) {
    task.decides = std::all_of(task.children.begin(), task.children.end(), [&](const Edge& edge) {
      return is_clean_up(run.tasks[std::size_t(edge.child)]);
    });
  }
}

std::vector<OutsideInput> outside_inputs(const Run& run) {
  const Producers producers(run);
  std::map<AssetPartition, OutsideInput> inputs;
  for (const Task& task : run.tasks) {
    for (const DependencySpec& dep : task.spec->dependencies) {
      const bool reads =
          dep.kind == DependencyKind::kAsset || dep.kind == DependencyKind::kLastGood;
      if (!reads) continue;
      if (dep.kind == DependencyKind::kAsset && producers.of(task, dep).parent >= 0) continue;
      AssetPartition of{dep.name, partition_of(run, task)};
      OutsideInput& input = inputs[of];
      input.of = std::move(of);
      input.required = input.required || !dep.optional;
      if (!dep.optional) input.consumer = task.spec->name;
    }
  }
  std::vector<OutsideInput> list;
  for (auto& [of, input] : inputs) list.push_back(std::move(input));
  return list;
}

}  // namespace weir::engine
