// A graph, or a band of one, in layers: each node in one layer, and where an edge passes layers by,
// a bend in each. What orders the layers and gives them coordinates works on these alone.
// Values and pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "layout/graph.h"

namespace weir::layout {

// The layer of each node: one more than that of the last node that it is made of.
std::vector<std::int32_t> ranks_of(const Graph& graph);

// What stands in a layer: a node, or a bend of an edge.
struct Item {
  std::int32_t node = -1;
  std::int32_t edge = -1;
  std::int32_t rank = 0;

  bool is_node() const { return node >= 0; }
};

// The neighbours of items, one after the other.
class Links {
 public:
  Links() = default;
  // `pairs` are of an item and a neighbour; there are `items` items.
  Links(std::size_t items, std::span<const Edge> pairs);

  std::span<const std::int32_t> of(std::int32_t item) const {
    const std::size_t begin = begin_[std::size_t(item)];
    return {all_.data() + begin, begin_[std::size_t(item) + 1] - begin};
  }

 private:
  std::vector<std::size_t> begin_;
  std::vector<std::int32_t> all_;
};

struct Layers {
  std::vector<Item> items;
  std::vector<std::vector<std::int32_t>> order;  // items of each layer, from top to bottom
  Links left, right;                             // of each item, in the layers beside its own
};

// Of the nodes of a band, and the edges among them, given by their indices in the graph. Edges that
// do not lead to a later layer are left out.
Layers layers_of(const Graph& graph, std::span<const std::int32_t> ranks,
                 std::span<const std::int32_t> nodes, std::span<const std::int32_t> edges);

}  // namespace weir::layout
