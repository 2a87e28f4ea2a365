// The data-quality rules that features must pass before they become current: blocking checks in the
// pipeline. Each says what is wrong with which row. Pure functions, any thread.
// They must not change a value, nor depend on what the model makes of it.
#pragma once

#include <string>
#include <vector>

#include "values.h"

namespace flight_delays {

inline constexpr std::size_t kFeatureRowsMin = 1000;  // fewer cannot carry a model

// What a rule found: empty when all is well, else the first offending row and how many there are.
struct Audit {
  std::string problem;
  std::size_t offending_rows = 0;
  bool ok() const { return problem.empty(); }
};

Audit audit_not_null(const std::vector<FeatureRow>& rows);   // codes there, all numbers finite
Audit audit_unique(const std::vector<FeatureRow>& rows);     // by departure and route
Audit audit_ranges(const std::vector<FeatureRow>& rows);     // distances, delays, encodings
Audit audit_row_count(const std::vector<FeatureRow>& rows);  // at least kFeatureRowsMin

}  // namespace flight_delays
