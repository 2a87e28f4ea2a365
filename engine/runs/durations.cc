// See durations.h.
// Pure.
// Twenty values are few: the rank is the nearest one, nothing is interpolated.
#include "engine/runs/durations.h"

#include <algorithm>

namespace weir::engine {

std::optional<std::int64_t> Durations::percentile(int percent) const {
  if (ms.empty()) return std::nullopt;
  std::vector<std::int64_t> sorted = ms;
  const auto at = (sorted.size() * std::size_t(percent) + 99) / 100 - 1;
  std::nth_element(sorted.begin(), sorted.begin() + std::ptrdiff_t(at), sorted.end());
  return sorted[at];
}

}  // namespace weir::engine
