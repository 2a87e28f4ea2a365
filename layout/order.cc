// See the header. The number of sweeps is fixed, and what is equal keeps its order: the result
// depends on the graph alone.
// Pure; safe from any thread.
#include "layout/order.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace weir::layout {
namespace {

constexpr int kSweeps = 12;   // each from left to right and back
constexpr int kWorseMax = 4;  // of them in a row that bring nothing
constexpr int kSwapPasses = 4;
constexpr int kMovePasses = 4;
constexpr int kTurns = 6;                    // of which the best is taken
constexpr std::size_t kSmall = 1'000;        // items; more of them are ordered once
constexpr std::size_t kMovedLayerMax = 100;  // in a longer layer a move looks at too many places
// A new order of all must have less than so many crossings of the kept one.
constexpr double kFarFewer = 0.7;

class Orderer {
 public:
  explicit Orderer(Layers& layers)
      : layers_(layers), place_(layers.items.size()), none_fixed_(layers.items.size(), false) {
    for (std::size_t rank = 0; rank < layers_.order.size(); ++rank) number(rank);
  }

  void start_with(const std::vector<double>& keys) {
    for (std::size_t rank = 0; rank < layers_.order.size(); ++rank) {
      auto& layer = layers_.order[rank];
      std::stable_sort(layer.begin(), layer.end(), [&](std::int32_t a, std::int32_t b) {
        return keys[std::size_t(a)] < keys[std::size_t(b)];
      });
      number(rank);
    }
  }

  // Each item as early as a walk from the left finds it: trees have no crossing from the start.
  // Each turn walks in another order.
  void start_with_walk(int turn) {
    std::vector<double> found(layers_.items.size(), -1);
    std::vector<std::int32_t> way;
    double next = 0;
    for (const auto& layer : layers_.order) {
      for (std::size_t i = 0; i < layer.size(); ++i) {
        const std::int32_t root =
            layer[(i + layer.size() * std::size_t(turn) / kTurns) % layer.size()];
        if (found[std::size_t(root)] >= 0) continue;
        way.push_back(root);
        while (!way.empty()) {
          const std::int32_t item = way.back();
          way.pop_back();
          if (found[std::size_t(item)] >= 0) continue;
          found[std::size_t(item)] = next++;
          const auto rights = layers_.right.of(item);
          if (turn % 2 == 0) {
            way.insert(way.end(), rights.rbegin(), rights.rend());
          } else {
            way.insert(way.end(), rights.begin(), rights.end());
          }
        }
      }
    }
    start_with(found);
  }

  void improve() {
    std::int64_t best = crossings_of(layers_);
    auto best_order = layers_.order;
    int worse = 0;
    for (int sweep = 0; sweep < kSweeps && best > 0 && worse < kWorseMax; ++sweep) {
      // What is equal takes turns: else it would stand for ever as it was found.
      const bool turned = sweep % 2 == 1;
      for (std::size_t rank = 1; rank < layers_.order.size(); ++rank) {
        sort(rank, layers_.left, turned);
      }
      for (std::size_t rank = layers_.order.size() - 1; rank-- > 0;) {
        sort(rank, layers_.right, turned);
      }
      swap_neighbours(none_fixed_);
      const std::int64_t now = crossings_of(layers_);
      ++worse;
      if (now >= best) continue;
      best = now;
      best_order = layers_.order;
      worse = 0;
    }
    layers_.order = std::move(best_order);
    for (std::size_t rank = 0; rank < layers_.order.size(); ++rank) number(rank);
    bool moved = best > 0;
    for (int pass = 0; pass < kMovePasses && moved; ++pass) {
      moved = false;
      for (const Item& item : layers_.items)
        moved |= move(std::int32_t(&item - layers_.items.data()));
    }
  }

  // Swaps neighbours while that undoes crossings; those for which `fixed` holds not with each
  // other.
  void swap_neighbours(const std::vector<bool>& fixed) {
    bool swapped = true;
    for (int pass = 0; pass < kSwapPasses && swapped; ++pass) {
      swapped = false;
      for (auto& layer : layers_.order) {
        for (std::size_t i = 1; i < layer.size(); ++i) {
          const std::int32_t above = layer[i - 1], below = layer[i];
          if (fixed[std::size_t(above)] && fixed[std::size_t(below)]) continue;
          if (gain(above, below) <= 0) continue;
          swap(layer, std::int32_t(i) - 1);
          swapped = true;
        }
      }
    }
  }

 private:
  void number(std::size_t rank) {
    const auto& layer = layers_.order[rank];
    for (std::size_t i = 0; i < layer.size(); ++i) place_[std::size_t(layer[i])] = std::int32_t(i);
  }

  // To the place in its layer with the fewest crossings. Whether that is another one.
  bool move(std::int32_t item) {
    auto& layer = layers_.order[std::size_t(layers_.items[std::size_t(item)].rank)];
    if (layer.size() > kMovedLayerMax) return false;
    const std::int32_t from = place_[std::size_t(item)];
    const auto last = std::int32_t(layer.size()) - 1;
    std::int64_t gained = 0, best = 0;
    std::int32_t to = from;
    const auto step = [&](std::int32_t upper) {
      gained += gain(layer[std::size_t(upper)], layer[std::size_t(upper) + 1]);
      swap(layer, upper);
      if (gained <= best) return;
      best = gained;
      to = place_[std::size_t(item)];
    };
    for (std::int32_t at = from; at > 0; --at) step(at - 1);
    for (std::int32_t at = 0; at < last; ++at) step(at);
    for (std::int32_t at = last; at > to; --at) swap(layer, at - 1);
    return to != from;
  }
  void swap(std::vector<std::int32_t>& layer, std::int32_t upper) {
    std::int32_t& above = layer[std::size_t(upper)];
    std::int32_t& below = layer[std::size_t(upper) + 1];
    std::swap(place_[std::size_t(above)], place_[std::size_t(below)]);
    std::swap(above, below);
  }

  // By the mean place of the neighbours on one side; what has none stays where it is. `turned`:
  // what is equal changes sides.
  void sort(std::size_t rank, const Links& links, bool turned) {
    auto& layer = layers_.order[rank];
    keyed_.clear();
    slots_.clear();
    for (std::size_t i = 0; i < layer.size(); ++i) {
      const auto neighbours = links.of(layer[i]);
      if (neighbours.empty()) continue;
      std::int64_t sum = 0;
      for (const std::int32_t neighbour : neighbours) sum += place_[std::size_t(neighbour)];
      keyed_.emplace_back(double(sum) / double(neighbours.size()), layer[i]);
      slots_.push_back(i);
    }
    if (turned) std::reverse(keyed_.begin(), keyed_.end());
    std::stable_sort(keyed_.begin(), keyed_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < slots_.size(); ++i) layer[slots_[i]] = keyed_[i].second;
    number(rank);
  }

  // How many crossings of the edges of two neighbours a swap undoes.
  std::int64_t gain(std::int32_t above, std::int32_t below) const {
    return gain(layers_.left.of(above), layers_.left.of(below)) +
           gain(layers_.right.of(above), layers_.right.of(below));
  }
  std::int64_t gain(std::span<const std::int32_t> above,
                    std::span<const std::int32_t> below) const {
    std::int64_t gained = 0;
    for (const std::int32_t a : above) {
      for (const std::int32_t b : below) {
        const std::int32_t of_above = place_[std::size_t(a)], of_below = place_[std::size_t(b)];
        gained += of_above > of_below ? 1 : of_above < of_below ? -1 : 0;
      }
    }
    return gained;
  }

  Layers& layers_;
  std::vector<std::int32_t> place_;  // of each item in its layer
  std::vector<std::pair<double, std::int32_t>> keyed_;
  std::vector<std::size_t> slots_;
  const std::vector<bool> none_fixed_;
};

// What is new goes beside what it is joined to: from the left first, then from the right.
std::vector<double> keys_of(const Layers& layers,
                            const std::vector<std::optional<double>>& heights) {
  std::vector<std::optional<double>> known = heights;
  const auto fill = [&](std::int32_t item, const Links& links) {
    if (known[std::size_t(item)]) return;
    double sum = 0;
    int count = 0;
    for (const std::int32_t neighbour : links.of(item)) {
      if (!known[std::size_t(neighbour)]) continue;
      sum += *known[std::size_t(neighbour)];
      ++count;
    }
    if (count > 0) known[std::size_t(item)] = sum / count;
  };
  for (const auto& layer : layers.order) {
    for (const std::int32_t item : layer) fill(item, layers.left);
  }
  for (std::size_t rank = layers.order.size(); rank-- > 0;) {
    for (const std::int32_t item : layers.order[rank]) fill(item, layers.right);
  }
  std::vector<double> keys;
  keys.reserve(known.size());
  for (const auto& key : known) keys.push_back(key.value_or(INFINITY));  // below all others
  return keys;
}

std::int64_t order_anew(Layers& layers) {
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  const int turns = layers.items.size() <= kSmall ? kTurns : 1;
  const auto before = layers.order;
  auto best_order = before;
  for (int turn = 0; turn < turns && best > 0; ++turn) {
    layers.order = before;
    Orderer order(layers);
    order.start_with_walk(turn);
    order.improve();
    const std::int64_t crossings = crossings_of(layers);
    if (crossings >= best) continue;
    best = crossings;
    best_order = layers.order;
  }
  layers.order = std::move(best_order);
  return best;
}

}  // namespace

// Pairs of edges between two layers that are in another order at the right than at the left, with a
// tree of sums over the places at the right.
std::int64_t crossings_of(const Layers& layers) {
  std::int64_t crossings = 0;
  std::vector<std::int32_t> place(layers.items.size());
  std::vector<std::int64_t> sums;
  std::vector<std::int32_t> ends;
  for (std::size_t rank = 0; rank + 1 < layers.order.size(); ++rank) {
    const auto& right = layers.order[rank + 1];
    for (std::size_t i = 0; i < right.size(); ++i) place[std::size_t(right[i])] = std::int32_t(i);
    sums.assign(right.size() + 1, 0);
    std::int64_t seen = 0;
    for (const std::int32_t item : layers.order[rank]) {
      ends.clear();
      for (const std::int32_t to : layers.right.of(item)) ends.push_back(place[std::size_t(to)]);
      for (const std::int32_t end : ends) {
        std::int64_t at_or_above = 0;
        for (std::int32_t i = end + 1; i > 0; i -= i & -i) at_or_above += sums[std::size_t(i)];
        crossings += seen - at_or_above;
      }
      for (const std::int32_t end : ends) {
        for (std::int32_t i = end + 1; i < std::ssize(sums); i += i & -i) ++sums[std::size_t(i)];
      }
      seen += std::ssize(ends);
    }
  }
  return crossings;
}

std::int64_t order_layers(Layers& layers, const std::vector<std::optional<double>>& heights) {
  const bool new_at_all = std::none_of(heights.begin(), heights.end(),
                                       [](const auto& height) { return height.has_value(); });
  const std::int64_t crossings = order_anew(layers);
  if (new_at_all) return crossings;
  Layers kept = layers;
  std::vector<bool> fixed;
  fixed.reserve(heights.size());
  for (const auto& height : heights) fixed.push_back(height.has_value());
  Orderer order(kept);
  order.start_with(keys_of(kept, heights));
  order.swap_neighbours(fixed);
  const std::int64_t left = crossings_of(kept);
  if (double(crossings) < double(left) * kFarFewer) return crossings;
  layers.order = std::move(kept.order);
  return left;
}

}  // namespace weir::layout
