// The order of what stands in each layer, so that few edges cross: sweeps by the mean place of the
// neighbours, then swaps of what stands side by side.
// K. Sugiyama, S. Tagawa, M. Toda: Methods for Visual Understanding of Hierarchical System
// Structures, 1981. Pure, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "layout/layers.h"

namespace weir::layout {

std::int64_t crossings_of(const Layers& layers);

// Orders the layers. `heights`: of each item, where it stood before, from top to bottom, or nothing
// for what is new. What stood there before keeps its order among itself, unless another order of
// all has far fewer crossings. Returns how many are left.
std::int64_t order_layers(Layers& layers, const std::vector<std::optional<double>>& heights);

}  // namespace weir::layout
