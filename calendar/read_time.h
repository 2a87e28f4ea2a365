// Days and times of a schedule as text, read: weir/impl/cron/time_syntax.h has the forms. Errors
// are INVALID_ARGUMENT (WEIR-E0213) with the text and a caret under what is wrong. Pure functions,
// safe from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"
#include "calendar/zone.h"
#include "weir/impl/cron/time_syntax.h"

namespace weir::calendar {

// "2026-12-01" (its midnight), "2026-12-01T09:00[:00]" by the zone's clock, or with Z or an offset
// behind it. A time that the clock skips is the first one after it, of two equal ones the second.
base::Result<Instant> read_time(std::string_view text, const Zone& zone);

// Whether it has one of these forms, without a zone; OK or what is wrong.
base::Status check_time(std::string_view text);

// "2026-12-25".
base::Result<std::chrono::local_days> read_day(std::string_view text);

// Whether `end` is after `start`, both well-formed, as far as that can be said without the zone:
// not of one with an offset and one without.
std::optional<bool> is_after(std::string_view end, std::string_view start);

}  // namespace weir::calendar
