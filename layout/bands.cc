// Groups are moved one at a time to where their edges to others are shortest, lengths being counted
// in bands: the order is the same for the same graph, and near the best.
// Pure; safe from any thread.
#include "layout/bands.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace weir::layout {
namespace {

constexpr int kPasses = 8;
constexpr std::size_t kMovedMax = 500;  // more groups than that stay in the order that they have

class BandOrder {
 public:
  BandOrder(std::vector<std::int32_t> order, const std::vector<BandTie>& ties)
      : order_(std::move(order)), at_(order_.size()), ties_(order_.size()) {
    for (std::size_t i = 0; i < order_.size(); ++i) at_[std::size_t(order_[i])] = std::int32_t(i);
    for (const BandTie& tie : ties) {
      ties_[std::size_t(tie.a)].emplace_back(tie.b, tie.edges);
      ties_[std::size_t(tie.b)].emplace_back(tie.a, tie.edges);
    }
  }

  // To the best place of all. Whether that is another one.
  bool move(std::int32_t band) {
    const std::int32_t from = at_[std::size_t(band)];
    const auto last = std::int32_t(order_.size()) - 1;
    std::int64_t longer = 0, best = 0;
    std::int32_t to = from;
    const auto step = [&](std::int32_t upper) {
      longer += swap(upper);
      if (longer >= best) return;
      best = longer;
      to = at_[std::size_t(band)];
    };
    for (std::int32_t at = from; at > 0; --at) step(at - 1);
    for (std::int32_t at = 0; at < last; ++at) step(at);
    for (std::int32_t at = last; at > to; --at) swap(at - 1);
    return to != from;
  }

  std::vector<std::int32_t> bands() && { return std::move(order_); }

 private:
  // Swaps the band with the one below it, and returns how much longer the edges are for that.
  std::int64_t swap(std::int32_t upper) {
    const std::int32_t down = order_[std::size_t(upper)], up = order_[std::size_t(upper) + 1];
    std::int64_t longer = 0;
    for (const auto& [other, edges] : ties_[std::size_t(down)]) {
      if (other != up) longer += at_[std::size_t(other)] < upper ? edges : -edges;
    }
    for (const auto& [other, edges] : ties_[std::size_t(up)]) {
      if (other != down) longer += at_[std::size_t(other)] < upper ? -edges : edges;
    }
    std::swap(order_[std::size_t(upper)], order_[std::size_t(upper) + 1]);
    std::swap(at_[std::size_t(down)], at_[std::size_t(up)]);
    return longer;
  }

  std::vector<std::int32_t> order_, at_;
  std::vector<std::vector<std::pair<std::int32_t, std::int64_t>>> ties_;
};

}  // namespace

std::vector<std::int32_t> order_bands(const std::vector<std::optional<std::int32_t>>& heights,
                                      const std::vector<BandTie>& ties) {
  std::vector<std::int32_t> order(heights.size()), moved;
  std::iota(order.begin(), order.end(), 0);
  const auto height = [&](std::int32_t band) {
    return heights[std::size_t(band)].value_or(std::numeric_limits<std::int32_t>::max());
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int32_t a, std::int32_t b) { return height(a) < height(b); });
  for (std::int32_t band = 0; band < std::ssize(heights); ++band) {
    if (!heights[std::size_t(band)]) moved.push_back(band);
  }
  BandOrder bands(std::move(order), ties);
  bool better = moved.size() <= kMovedMax;
  for (int pass = 0; pass < kPasses && better; ++pass) {
    better = false;
    for (const std::int32_t band : moved) better |= bands.move(band);
  }
  return std::move(bands).bands();
}

}  // namespace weir::layout
