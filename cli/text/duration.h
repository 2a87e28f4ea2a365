// Durations and instants as people write and read them. Pure, except that local time follows the
// TZ of the process, which --tz sets once before any thread starts.
// No thread affinity.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"

namespace weir::cli {

// "90s", "1h30m", "2d", "500ms", "1.5h"; a bare number is seconds. INVALID_ARGUMENT for anything
// else, for a negative one and for one past a hundred years.
base::Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// "820 ms", "12.3 s", "3 m 04 s", "2 h 05 m", "3 d 04 h".
std::string format_duration(std::chrono::microseconds duration);

// "2026-11-20 20:00:10 CET".
std::string format_time(base::WallTime at);
// What the scheduler wrote, with each of its instants ("2026-11-20T19:00:10Z", "2026-11-20 19:00:10
// UTC") as format_time() shows it.
std::string in_local_time(std::string_view text);
// "20:00:10".
std::string format_clock(base::WallTime at);

// An instant: "2026-11-20", "2026-11-20 20:00[:10]" or with "T", then "Z", "+02:00", an
// abbreviation as format_time() writes it, or nothing for local time.
base::Result<base::WallTime> parse_time(std::string_view text);
// The same, or a duration before `now`.
base::Result<base::WallTime> parse_since(std::string_view text, base::WallTime now);
// The same, or a duration after `now`; it must be in the future.
base::Result<base::WallTime> parse_until(std::string_view text, base::WallTime now);

// Makes `zone` the zone of all local times: an IANA name or "UTC"; "" leaves the system's.
// INVALID_ARGUMENT when there is no such zone.
base::Status set_zone(const std::string& zone);

base::WallTime wall_now();

}  // namespace weir::cli
