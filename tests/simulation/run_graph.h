// The graph of one run, read from its rows and the modules' manifests by names alone: independent
// of how the engine links tasks. For the audit's oracles. Immutable once built; keeps the manifests
// that its specs point into.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/plan/trigger_rule.h"
#include "engine/records.h"

namespace weir::simulation {

using ManifestOf = std::function<std::shared_ptr<const module::Manifest>(const base::Digest&)>;
using TaskOf = std::function<const engine::TaskRow&(std::int32_t)>;

struct RunGraph {
  struct Node {
    std::shared_ptr<const module::Manifest> manifest;  // owns spec
    const module::StageSpec* spec = nullptr;
    std::vector<std::vector<std::int32_t>> parents;  // by group of the spec's rules
    bool decides = true;                             // its end decides the run's
  };
  std::vector<Node> nodes;  // by task index

  RunGraph(const engine::RunRow& run, const TaskOf& task, const ManifestOf& manifest_of);

  // What the rules of a task say, joined: the strictest wins.
  engine::Decision decision(std::int32_t index, const TaskOf& task) const;

 private:
  void link();
  void find_leaves();
};

}  // namespace weir::simulation
