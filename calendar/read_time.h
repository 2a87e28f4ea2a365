// Times and days as people write them in definitions: "2026-12-01", "2026-12-01T09:00" by the clock
// of a zone, "…Z" and "…+02:00" by themselves.
// Pure functions, safe from any thread; nothing is guessed.
#pragma once

#include <chrono>
#include <string_view>

#include "base/status.h"
#include "calendar/zone.h"

namespace weir::calendar {

// A time without an offset is by the zone's clock; one that the clock skips is the first after the
// gap, one that it repeats the second. INVALID_ARGUMENT quotes the text.
base::Result<Instant> read_time(std::string_view text, const Zone& zone);

// "2026-12-25", a day that exists.
base::Result<std::chrono::local_days> read_day(std::string_view text);

}  // namespace weir::calendar
