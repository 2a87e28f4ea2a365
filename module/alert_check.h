// What can be judged of one alert rule without a server: where it tells, its secret's reference,
// its threshold. For the manifest, which also knows what its pipeline has, and for rules that are
// made by command. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "module/alert_spec.h"

namespace weir::module {

// Everything that is wrong with it but its name and what it is about, each INVALID_ARGUMENT with
// the rule's name in front.
std::vector<base::Status> alert_problems(const AlertSpec& spec);

bool printable_ascii(std::string_view text);  // without spaces

}  // namespace weir::module
