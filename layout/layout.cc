// Puts bands below each other, each laid out for itself in columns that all share. Nodes without
// any edge stand in rows below the others of their group: in one column they would be as high as
// they are many.
// Pure; safe from any thread.
#include "layout/layout.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "layout/bands.h"
#include "layout/layers.h"
#include "layout/order.h"
#include "layout/place.h"

namespace weir::layout {
namespace {

constexpr std::int32_t kColumn = kNodeWidth + kColumnGap;
constexpr std::int32_t kRow = kNodeHeight + kRowGap;
constexpr double kShape = 1.6;  // of what stands in rows, its width by its height, about

struct Group {
  std::string name;
  std::vector<std::int32_t> nodes, edges;  // joined ones, and the edges among them
  std::vector<std::int32_t> alone;         // nodes without an edge
  std::optional<std::int32_t> height;      // where it stood before
};

class Layouter {
 public:
  Layouter(const Graph& graph, const Places& before)
      : graph_(graph), before_(before), ranks_(ranks_of(graph)) {
    layout_.nodes.resize(graph.nodes.size());
    layout_.bends.resize(graph.edges.size());
  }

  Layout lay_out() {
    sort_into_groups();
    std::int32_t top = 0;
    for (const std::int32_t group : order_bands(heights(), ties())) {
      top = lay_out(groups_[std::size_t(group)], top) + kBandGap;
    }
    for (const Band& band : layout_.bands) {
      layout_.width = std::max(layout_.width, band.at.x + band.width);
      layout_.height = std::max(layout_.height, band.at.y + band.height);
    }
    return std::move(layout_);
  }

 private:
  std::optional<Point> place_before(std::int32_t node) const {
    const auto found = before_.find(graph_.nodes[std::size_t(node)].name);
    if (found == before_.end()) return std::nullopt;
    return found->second;
  }

  void sort_into_groups() {
    std::map<std::string, std::int32_t>
        indices;  // so that groups begin in the order of their names
    for (const Node& node : graph_.nodes) indices.emplace(node.group, 0);
    for (auto& [name, index] : indices) {
      index = std::int32_t(groups_.size());
      groups_.push_back({name, {}, {}, {}, {}});
    }
    std::vector<bool> joined(graph_.nodes.size(), false);
    for (const Edge& edge : graph_.edges) {
      if (edge.from == edge.to) continue;
      joined[std::size_t(edge.from)] = joined[std::size_t(edge.to)] = true;
    }
    group_of_.resize(graph_.nodes.size());
    for (std::int32_t node = 0; node < std::ssize(graph_.nodes); ++node) {
      const std::int32_t index = indices.at(graph_.nodes[std::size_t(node)].group);
      group_of_[std::size_t(node)] = index;
      Group& group = groups_[std::size_t(index)];
      (joined[std::size_t(node)] ? group.nodes : group.alone).push_back(node);
      if (const auto at = place_before(node)) {
        group.height = std::min(group.height.value_or(at->y), at->y);
      }
    }
    for (std::int32_t edge = 0; edge < std::ssize(graph_.edges); ++edge) {
      const auto [from, to] = graph_.edges[std::size_t(edge)];
      const std::int32_t group = group_of_[std::size_t(from)];
      if (group == group_of_[std::size_t(to)]) groups_[std::size_t(group)].edges.push_back(edge);
    }
  }

  std::vector<std::optional<std::int32_t>> heights() const {
    std::vector<std::optional<std::int32_t>> heights;
    for (const Group& group : groups_) heights.push_back(group.height);
    return heights;
  }

  std::vector<BandTie> ties() const {
    std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> counts;
    for (const Edge& edge : graph_.edges) {
      const std::int32_t from = group_of_[std::size_t(edge.from)];
      const std::int32_t to = group_of_[std::size_t(edge.to)];
      if (from != to) ++counts[std::minmax(from, to)];
    }
    std::vector<BandTie> ties;
    for (const auto& [pair, edges] : counts) ties.push_back({pair.first, pair.second, edges});
    return ties;
  }

  // Where each item stood before: a bend between the ends of its edge.
  std::vector<std::optional<double>> heights_before(const Layers& layers) const {
    std::vector<std::optional<double>> heights;
    for (const Item& item : layers.items) {
      if (item.is_node()) {
        const auto at = place_before(item.node);
        heights.push_back(at ? std::optional<double>(at->y) : std::nullopt);
        continue;
      }
      const Edge& edge = graph_.edges[std::size_t(item.edge)];
      const auto from = place_before(edge.from), to = place_before(edge.to);
      if (!from || !to) {
        heights.push_back(std::nullopt);
        continue;
      }
      const double length = ranks_[std::size_t(edge.to)] - ranks_[std::size_t(edge.from)];
      const double share = (item.rank - ranks_[std::size_t(edge.from)]) / length;
      heights.push_back(from->y + share * (to->y - from->y));
    }
    return heights;
  }

  // Returns where the band ends.
  std::int32_t lay_out(const Group& group, std::int32_t top) {
    const std::int32_t first = top + kBandPadding + (group.name.empty() ? 0 : kBandHead);
    std::int32_t bottom = first;
    std::int32_t left = group.nodes.empty() ? 0 : ranks_[std::size_t(group.nodes[0])], right = left;
    for (const std::int32_t node : group.nodes) {
      left = std::min(left, ranks_[std::size_t(node)]);
      right = std::max(right, ranks_[std::size_t(node)]);
    }
    if (!group.nodes.empty()) bottom = place_joined(group, first);
    if (!group.alone.empty()) {
      if (bottom > first) bottom += kRowGap;
      const std::int32_t columns = columns_of(group, right - left + 1);
      for (std::size_t i = 0; i < group.alone.size(); ++i) {
        layout_.nodes[std::size_t(group.alone[i])] = {
            kBandPadding + (left + std::int32_t(i) % columns) * kColumn,
            bottom + std::int32_t(i) / columns * kRow};
      }
      right = std::max(right, left + std::min(columns, std::int32_t(group.alone.size())) - 1);
      bottom += (std::int32_t(group.alone.size()) - 1) / columns * kRow + kNodeHeight;
    }
    bottom += kBandPadding;
    layout_.bands.push_back({group.name,
                             {left * kColumn, top},
                             (right - left) * kColumn + kNodeWidth + 2 * kBandPadding,
                             bottom - top});
    return bottom;
  }

  std::int32_t place_joined(const Group& group, std::int32_t top) {
    Layers layers = layers_of(graph_, ranks_, group.nodes, group.edges);
    layout_.crossings += order_layers(layers, heights_before(layers));
    const std::vector<std::int32_t> middles = heights_of(layers);
    std::int32_t bottom = top;
    for (std::size_t i = 0; i < layers.items.size(); ++i) {
      const Item& item = layers.items[i];
      const std::int32_t x = kBandPadding + item.rank * kColumn;
      if (item.is_node()) {
        const std::int32_t y = top + middles[i] - kNodeHeight / 2;
        layout_.nodes[std::size_t(item.node)] = {x, y};
        bottom = std::max(bottom, y + kNodeHeight);
      } else {
        layout_.bends[std::size_t(item.edge)].push_back({x + kNodeWidth / 2, top + middles[i]});
        bottom = std::max(bottom, top + middles[i]);
      }
    }
    return bottom;
  }

  // As many as the others of the group have, or more where there are many.
  static std::int32_t columns_of(const Group& group, std::int32_t others) {
    const double count = double(group.alone.size());
    const auto square = std::int32_t(std::ceil(std::sqrt(count * kShape * kRow / kColumn)));
    return std::max({std::int32_t(1), group.nodes.empty() ? 1 : others, square});
  }

  const Graph& graph_;
  const Places& before_;
  const std::vector<std::int32_t> ranks_;
  std::vector<Group> groups_;
  std::vector<std::int32_t> group_of_;
  Layout layout_;
};

}  // namespace

Places places_of(const Graph& graph, const Layout& layout) {
  Places places;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    places.emplace(graph.nodes[i].name, layout.nodes[i]);
  }
  return places;
}

Layout lay_out(const Graph& graph, const Places& before) {
  return Layouter(graph, before).lay_out();
}

}  // namespace weir::layout
