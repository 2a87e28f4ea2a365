// The order of groups from top to bottom: those with edges between them near each other, and as
// they stood before.
// Only the order is made here: how high a group is nobody asks. Pure, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::layout {

// So many edges lead from nodes of one group to nodes of another, in either direction.
struct BandTie {
  std::int32_t a = 0, b = 0;
  std::int64_t edges = 0;
};

// The groups, 0 … heights.size() - 1, in their order. `heights`: where each stood before, or
// nothing for one that is new; those that were there keep their order.
std::vector<std::int32_t> order_bands(const std::vector<std::optional<std::int32_t>>& heights,
                                      const std::vector<BandTie>& ties);

}  // namespace weir::layout
