// What is laid out: nodes with names, in groups, and edges from what is made first to what is made
// of it. Also groups that are shown as one node each.
// Values and pure functions: nothing is kept, safe from any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace weir::layout {

struct Node {
  std::string name;   // of one node only
  std::string group;  // empty: of none
};

struct Edge {
  std::int32_t from = 0, to = 0;  // indices of nodes

  friend bool operator==(const Edge&, const Edge&) = default;
};

struct Graph {
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

// A graph in which each of some groups is one node, of no group, under the group's name.
struct Folded {
  Graph graph;
  std::vector<std::int32_t> node_of;  // of each node before, which one it is now
};

// Groups that the graph does not have are passed over. Edges that become the same are one, those
// within a folded group none.
Folded fold(const Graph& graph, const std::set<std::string>& groups);

}  // namespace weir::layout
