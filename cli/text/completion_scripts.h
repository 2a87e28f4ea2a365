// The completion scripts of the shells. Constants; each asks `weir __complete` for what could
// follow, so that a script never has to be installed again.
// No thread affinity.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace weir::cli {

// Shell -> script.
const std::vector<std::pair<const char*, std::string_view>>& completion_scripts();

}  // namespace weir::cli
