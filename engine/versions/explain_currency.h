// Whether the version that readers get is what would be made now, and why not: code, parameter,
// dependency or data, each since when. Part of Engine's step, read-only: it adds to an answer and
// no row.
#pragma once

#include <string>

#include "engine/explain/explanation.h"

namespace weir::engine {

struct Step;

// Nothing is said of what cannot be compared.
void explain_currency(const Step& step, const std::string& asset, Explanation& out);

}  // namespace weir::engine
