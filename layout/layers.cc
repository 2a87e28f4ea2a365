// Layers by the longest path, and the bends of edges that pass some. All walks are loops: a chain
// may be as long as the graph.
// Pure; safe from any thread.
#include "layout/layers.h"

#include <algorithm>

namespace weir::layout {
namespace {

// Of edges that pass many layers, bends in all together; the others are drawn straight, since a
// long chain with an edge from each of its nodes to its end has the square of them.
constexpr std::size_t kBendsMax = 200'000;

// Which edges close a circle on a walk in the order of the nodes.
std::vector<bool> circles_of(const Graph& graph, const Links& next,
                             const std::vector<std::size_t>& first_edge) {
  enum class Seen : std::uint8_t { kNo, kOnTheWay, kDone };
  std::vector<Seen> seen(graph.nodes.size(), Seen::kNo);
  std::vector<bool> closes(graph.edges.size(), false);
  std::vector<std::pair<std::int32_t, std::size_t>> way;  // nodes, and which edge of each is next
  for (std::int32_t root = 0; root < std::ssize(graph.nodes); ++root) {
    if (seen[std::size_t(root)] != Seen::kNo) continue;
    way.emplace_back(root, 0);
    seen[std::size_t(root)] = Seen::kOnTheWay;
    while (!way.empty()) {
      auto& [node, at] = way.back();
      const auto nexts = next.of(node);
      if (at == nexts.size()) {
        seen[std::size_t(node)] = Seen::kDone;
        way.pop_back();
        continue;
      }
      const std::int32_t to = nexts[at];
      const std::size_t edge = first_edge[std::size_t(node)] + at++;
      if (seen[std::size_t(to)] == Seen::kOnTheWay) closes[edge] = true;
      if (seen[std::size_t(to)] != Seen::kNo) continue;
      seen[std::size_t(to)] = Seen::kOnTheWay;
      way.emplace_back(to, 0);
    }
  }
  return closes;
}

}  // namespace

Links::Links(std::size_t items, std::span<const Edge> pairs)
    : begin_(items + 1), all_(pairs.size()) {
  for (const Edge& pair : pairs) ++begin_[std::size_t(pair.from) + 1];
  for (std::size_t i = 1; i <= items; ++i) begin_[i] += begin_[i - 1];
  std::vector<std::size_t> next = begin_;
  for (const Edge& pair : pairs) all_[next[std::size_t(pair.from)]++] = pair.to;
}

std::vector<std::int32_t> ranks_of(const Graph& graph) {
  const std::size_t count = graph.nodes.size();
  const Links next(count, graph.edges);
  std::vector<std::size_t> first_edge(count + 1);  // of a node, counted as Links orders them
  for (std::size_t node = 0; node < count; ++node) {
    first_edge[node + 1] = first_edge[node] + next.of(std::int32_t(node)).size();
  }
  const std::vector<bool> closes = circles_of(graph, next, first_edge);
  std::vector<std::int32_t> waits(count);
  for (std::size_t node = 0; node < count; ++node) {
    const auto nexts = next.of(std::int32_t(node));
    for (std::size_t i = 0; i < nexts.size(); ++i) {
      if (!closes[first_edge[node] + i]) ++waits[std::size_t(nexts[i])];
    }
  }
  std::vector<std::int32_t> ranks(count), ready;
  for (std::size_t node = 0; node < count; ++node) {
    if (waits[node] == 0) ready.push_back(std::int32_t(node));
  }
  for (std::size_t done = 0; done < ready.size(); ++done) {
    const std::int32_t node = ready[done];
    const auto nexts = next.of(node);
    for (std::size_t i = 0; i < nexts.size(); ++i) {
      if (closes[first_edge[std::size_t(node)] + i]) continue;
      std::int32_t& rank = ranks[std::size_t(nexts[i])];
      rank = std::max(rank, ranks[std::size_t(node)] + 1);
      if (--waits[std::size_t(nexts[i])] == 0) ready.push_back(nexts[i]);
    }
  }
  return ranks;
}

Layers layers_of(const Graph& graph, std::span<const std::int32_t> ranks,
                 std::span<const std::int32_t> nodes, std::span<const std::int32_t> edges) {
  Layers layers;
  std::vector<std::int32_t> item_of(graph.nodes.size(), -1);
  for (const std::int32_t node : nodes) {
    item_of[std::size_t(node)] = std::int32_t(layers.items.size());
    layers.items.push_back({node, -1, ranks[std::size_t(node)]});
  }
  const auto span = [&](std::int32_t edge) {
    const Edge& its = graph.edges[std::size_t(edge)];
    return ranks[std::size_t(its.to)] - ranks[std::size_t(its.from)];
  };
  std::vector<std::int32_t> forward;  // the shortest first: they get their bends
  std::copy_if(edges.begin(), edges.end(), std::back_inserter(forward),
               [&](std::int32_t edge) { return span(edge) > 0; });
  std::stable_sort(forward.begin(), forward.end(),
                   [&](std::int32_t a, std::int32_t b) { return span(a) < span(b); });
  std::vector<Edge> pairs;
  std::size_t bends = 0;
  for (const std::int32_t edge : forward) {
    const Edge& its = graph.edges[std::size_t(edge)];
    bends += std::size_t(span(edge) - 1);
    if (bends > kBendsMax) break;
    std::int32_t last = item_of[std::size_t(its.from)];
    for (std::int32_t rank = ranks[std::size_t(its.from)] + 1; rank < ranks[std::size_t(its.to)];
         ++rank) {
      const auto bend = std::int32_t(layers.items.size());
      layers.items.push_back({-1, edge, rank});
      pairs.push_back({last, bend});
      last = bend;
    }
    pairs.push_back({last, item_of[std::size_t(its.to)]});
  }
  layers.right = Links(layers.items.size(), pairs);
  for (Edge& pair : pairs) std::swap(pair.from, pair.to);
  layers.left = Links(layers.items.size(), pairs);
  std::int32_t last = -1;
  for (const Item& item : layers.items) last = std::max(last, item.rank);
  layers.order.resize(std::size_t(last + 1));
  for (std::size_t i = 0; i < layers.items.size(); ++i) {
    layers.order[std::size_t(layers.items[i].rank)].push_back(std::int32_t(i));
  }
  return layers;
}

}  // namespace weir::layout
