// How far down each item of ordered layers stands: as near to its neighbours as their order and the
// room that each takes allow, so that edges are short and those over many layers straight.
// Pure, safe from any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "layout/layers.h"

namespace weir::layout {

// The middle of each item in pixels; the uppermost item of all begins at 0.
std::vector<std::int32_t> heights_of(const Layers& layers);

}  // namespace weir::layout
