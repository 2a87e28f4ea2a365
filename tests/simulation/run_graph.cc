// The graph of one run: see run_graph.h. Joins tasks by the names of their assets, finds the leaves
// and asks the rule oracle, all by the text of the semantics. Must not call the engine's planning,
// which it is there to check. One thread.
#include "tests/simulation/run_graph.h"

#include <algorithm>
#include <string>
#include <utility>

#include "tests/support/rule_oracle.h"

namespace weir::simulation {

using engine::Decision;
using engine::TaskState;
using module::DependencyKind;
using module::TriggerRule;

RunGraph::RunGraph(const engine::RunRow& run, const TaskOf& task, const ManifestOf& manifest_of) {
  for (std::int32_t i = 0; i < run.task_count; ++i) {
    const auto& row = task(i);
    Node node;
    node.manifest = manifest_of(run.modules.at(std::size_t(row.module)));
    node.spec = &node.manifest->stages.at(std::size_t(row.stage));
    node.parents.resize(node.spec->rules.size());
    nodes.push_back(std::move(node));
  }
  link();
  find_leaves();
}

void RunGraph::link() {
  std::map<std::string, std::int32_t> by_asset;
  std::map<std::pair<std::string, std::string>, std::int32_t> by_task;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    by_task[{nodes[i].manifest->pipeline, nodes[i].spec->name}] = std::int32_t(i);
    for (const auto& output : nodes[i].spec->outputs) by_asset[output.asset] = std::int32_t(i);
  }
  for (Node& node : nodes) {
    for (const auto& dep : node.spec->dependencies) {
      if (dep.kind != DependencyKind::kAsset && dep.kind != DependencyKind::kAfter) continue;
      auto& parents = node.parents.at(std::size_t(dep.rule));
      if (const auto asset = by_asset.find(dep.name); asset != by_asset.end()) {
        parents.push_back(asset->second);
      } else if (const auto found = by_task.find({node.manifest->pipeline, dep.name});
                 found != by_task.end()) {
        parents.push_back(found->second);
      }
    }
  }
}

// A task is no leaf when a child that is more than a clean-up depends on it.
void RunGraph::find_leaves() {
  for (const Node& child : nodes) {
    bool clean_up = true;
    for (std::size_t g = 0; g < child.parents.size(); ++g) {
      const auto rule = child.spec->rules[g];
      const bool any_end = rule == TriggerRule::kAllDone || rule == TriggerRule::kAlways;
      if (!child.parents[g].empty() && !any_end) clean_up = false;
    }
    if (clean_up) continue;
    for (const auto& parents : child.parents) {
      for (const auto parent : parents) nodes[std::size_t(parent)].decides = false;
    }
  }
}

Decision RunGraph::decision(std::int32_t index, const TaskOf& task) const {
  const Node& node = nodes.at(std::size_t(index));
  Decision joined = Decision::kFire;
  for (std::size_t g = 0; g < node.parents.size(); ++g) {
    std::vector<TaskState> states;
    for (const auto parent : node.parents[g]) states.push_back(task(parent).state);
    if (states.empty()) continue;
    const Decision decision = test::rule_decision(node.spec->rules[g], states);
    if (decision == Decision::kUpstreamFailed) return decision;
    if (decision == Decision::kWait) joined = decision;
    if (decision == Decision::kSkip && joined == Decision::kFire) joined = decision;
  }
  return joined;
}

}  // namespace weir::simulation
