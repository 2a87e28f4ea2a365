// Parameters on the command line: -p name.member=value and -p name='{"member": value}'.
// Only the form is judged here; the scheduler knows the schema.
// Pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace weir::cli {

// Parameter name -> JSON object of the members to override, later arguments over earlier ones. A
// value that parses as JSON is that value, anything else is a string. INVALID_ARGUMENT names the
// argument that is wrong.
base::Result<std::map<std::string, base::Json>> parse_params(
    const std::vector<std::string>& arguments);

}  // namespace weir::cli
