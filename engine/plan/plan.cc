// The edges, groups, leaves and input sources of a run's tasks, and what they read from outside of
// it. Writes the new run only; which stages it has was selected before. Called within a step, and
// by those who show a plan.
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

std::int32_t task_priority(const RunRow& run, const module::StageSpec& stage) {
  return run.priority + bounded_priority(stage.priority);
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
