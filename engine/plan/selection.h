// Selections: which tasks a run is made of. One grammar for CLI, API and jobs:
//   expression := or-expression; or, and, not, parentheses (not > and > or; a comma is an or)
//   term := [N]+name, name+[N], +name+, @name, with '*' wildcards in names; `*` alone is everything
// Pure: the graph is given, a bitmap comes back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir::engine {

inline constexpr std::size_t kSelectionBytesMax = 16 << 10;

struct GraphNode {
  std::vector<std::string_view> names;  // task name and asset names
  std::vector<std::int32_t> parents;
  std::vector<std::int32_t> children;
};
using Graph = std::vector<GraphNode>;

// One flag a node. INVALID_ARGUMENT with the column and a caret on bad syntax; NOT_FOUND for a name
// that matches nothing, with the nearest name.
base::Result<std::vector<bool>> select(const Graph& graph, std::string_view expression);

// Whether the text is as the pattern, in which '*' stands for any characters.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace weir::engine
