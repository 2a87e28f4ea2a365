// Folding of groups. The nodes keep their order, a folded group stands where its first node stood,
// so that the same graph is always folded into the same.
// Pure; safe from any thread.
#include "layout/graph.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace weir::layout {

Folded fold(const Graph& graph, const std::set<std::string>& groups) {
  Folded folded;
  std::map<std::string, std::int32_t> whole;  // of folded groups, their nodes
  for (const Node& node : graph.nodes) {
    const auto next = std::int32_t(folded.graph.nodes.size());
    if (node.group.empty() || !groups.contains(node.group)) {
      folded.graph.nodes.push_back(node);
      folded.node_of.push_back(next);
      continue;
    }
    const auto [found, fresh] = whole.emplace(node.group, next);
    if (fresh) folded.graph.nodes.push_back({node.group, ""});
    folded.node_of.push_back(found->second);
  }
  std::vector<Edge>& edges = folded.graph.edges;
  for (const Edge& edge : graph.edges) {
    const Edge now{folded.node_of[std::size_t(edge.from)], folded.node_of[std::size_t(edge.to)]};
    if (now.from != now.to) edges.push_back(now);
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return folded;
}

}  // namespace weir::layout
