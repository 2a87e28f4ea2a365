// Times of the data set: local civil time without a zone, counted in minutes since 1970-01-01
// 00:00. Nothing here knows time zones or the clock of this machine. Pure functions, any thread.
// The calendar is the standard library's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flight_delays {

inline constexpr std::int64_t kMinutesPerHour = 60;
inline constexpr std::int64_t kMinutesPerDay = 24 * kMinutesPerHour;

// Reads "2001/01/10 18:20"; nothing when it is not that shape or no such minute exists.
std::optional<std::int64_t> parse_minute(std::string_view text);

// "2001-01-10 18:20".
std::string format_minute(std::int64_t minute);

// Hours since midnight, 0 ≤ h < 24, with the minutes as a fraction.
double hour_of_day(std::int64_t minute);

// 0 is Monday, 6 is Sunday.
int weekday_from_monday(std::int64_t minute);

}  // namespace flight_delays
