// The rule by which a zone goes on behind its tables: a POSIX TZ string such as
// "CET-1CEST,M3.5.0,M10.5.0/3", with the hours from -167 to 167 of RFC 8536 (3.3.1). The date
// library's reader of them knows neither those nor C++20. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "calendar/zone.h"

namespace weir::calendar {

// What holds from `begin` until `end`, in order; the first begins at `begin`. INVALID_ARGUMENT for
// a string that is no rule.
base::Result<std::vector<ZoneSpan>> spans_of_rule(std::string_view rule, Instant begin,
                                                  Instant end);

}  // namespace weir::calendar
