// Each layer for itself is a least-squares problem with an order to keep, which pooling adjacent
// violators solves exactly in one pass; layers take turns.
// M. Ayer et al.: An Empirical Distribution Function for Sampling with Incomplete Information,
// 1955. Pure; safe from any thread.
#include "layout/place.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "layout/layout.h"

namespace weir::layout {
namespace {

constexpr int kRounds = 8;  // each from left to right and back
// How strongly a layer is drawn to its neighbours by an edge: most between two bends.
constexpr double kOfNodes = 1, kOfOneBend = 2, kOfBends = 8;
constexpr double kOfItself = 0.01;  // what has no neighbour stays where it is

class Placer {
 public:
  explicit Placer(const Layers& layers) : layers_(layers), middle_(layers.items.size()) {
    for (const auto& layer : layers_.order) {
      const std::vector<double> steps = steps_of(layer);
      for (std::size_t i = 0; i < layer.size(); ++i) middle_[std::size_t(layer[i])] = steps[i];
    }
  }

  std::vector<std::int32_t> place() {
    const std::size_t count = layers_.order.size();
    for (int round = 0; round < kRounds; ++round) {
      for (std::size_t rank = 1; rank < count; ++rank) settle(rank, true, false);
      for (std::size_t rank = count; rank-- > 1;) settle(rank - 1, false, true);
    }
    for (std::size_t rank = 0; rank < count; ++rank) settle(rank, true, true);
    return rounded();
  }

 private:
  bool is_node(std::int32_t item) const { return layers_.items[std::size_t(item)].is_node(); }
  double half(std::int32_t item) const { return is_node(item) ? kNodeHeight / 2.0 : 0; }

  // How far below the first each item of a layer stands at least.
  std::vector<double> steps_of(const std::vector<std::int32_t>& layer) const {
    std::vector<double> steps(layer.size());
    for (std::size_t i = 1; i < layer.size(); ++i) {
      const bool nodes = is_node(layer[i - 1]) && is_node(layer[i]);
      steps[i] = steps[i - 1] + half(layer[i - 1]) + half(layer[i]) + (nodes ? kRowGap : kBendGap);
    }
    return steps;
  }

  void pull(std::int32_t item, const Links& links, double& sum, double& weights) const {
    for (const std::int32_t neighbour : links.of(item)) {
      const int bends = int(!is_node(item)) + int(!is_node(neighbour));
      const double weight = bends == 0 ? kOfNodes : bends == 1 ? kOfOneBend : kOfBends;
      sum += weight * middle_[std::size_t(neighbour)];
      weights += weight;
    }
  }

  void settle(std::size_t rank, bool left, bool right) {
    const auto& layer = layers_.order[rank];
    const std::vector<double> steps = steps_of(layer);
    pools_.clear();
    for (std::size_t i = 0; i < layer.size(); ++i) {
      double weight = kOfItself;
      double sum = kOfItself * middle_[std::size_t(layer[i])];
      if (left) pull(layer[i], layers_.left, sum, weight);
      if (right) pull(layer[i], layers_.right, sum, weight);
      Pool pool{sum - weight * steps[i], weight, i + 1};
      while (!pools_.empty() && pools_.back().mean() >= pool.mean()) {
        pool.sum += pools_.back().sum;
        pool.weight += pools_.back().weight;
        pools_.pop_back();
      }
      pools_.push_back(pool);
    }
    std::size_t i = 0;
    for (const Pool& pool : pools_) {
      for (; i < pool.end; ++i) middle_[std::size_t(layer[i])] = pool.mean() + steps[i];
    }
  }

  // Steps between items are whole numbers, so rounding the rest keeps them.
  std::vector<std::int32_t> rounded() const {
    double top = std::numeric_limits<double>::max();
    for (std::size_t i = 0; i < middle_.size(); ++i) {
      top = std::min(top, middle_[i] - half(std::int32_t(i)));
    }
    std::vector<std::int32_t> whole(middle_.size());
    for (const auto& layer : layers_.order) {
      const std::vector<double> steps = steps_of(layer);
      double last = 0;
      for (std::size_t i = 0; i < layer.size(); ++i) {
        const double above = middle_[std::size_t(layer[i])] - top - steps[i];
        last = std::max(last, std::floor(above + 0.5));
        whole[std::size_t(layer[i])] = std::int32_t(last + steps[i]);
      }
    }
    return whole;
  }

  struct Pool {
    double sum = 0, weight = 0;
    std::size_t end = 0;  // of its items

    double mean() const { return sum / weight; }
  };

  const Layers& layers_;
  std::vector<double> middle_;
  std::vector<Pool> pools_;
};

}  // namespace

std::vector<std::int32_t> heights_of(const Layers& layers) { return Placer(layers).place(); }

}  // namespace weir::layout
