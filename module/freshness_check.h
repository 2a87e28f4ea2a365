// What can be judged of one freshness policy without a server: its spans, and the expression and
// zone of its deadlines. For the manifest, which also knows what its pipeline makes.
// Pure.
#pragma once

#include <vector>

#include "base/status.h"
#include "module/freshness_spec.h"

namespace weir::module {

// Everything that is wrong with it, each INVALID_ARGUMENT with the asset's name in front. Whether
// the asset is there is for whoever knows the others.
std::vector<base::Status> freshness_problems(const FreshnessSpec& spec);

}  // namespace weir::module
