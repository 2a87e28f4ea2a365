// Civil time by std::chrono's calendar. The shape of the text is checked character by character,
// because a row with a bad date has to be counted and dropped, never guessed at.
// Pure functions, any thread.
#include "civil_time.h"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace flight_delays {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::sys_time;
using std::chrono::year_month_day;

std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

sys_time<minutes> instant(std::int64_t minute) { return sys_time<minutes>(minutes(minute)); }

}  // namespace

std::optional<std::int64_t> parse_minute(std::string_view text) {
  constexpr std::string_view kShape = "0000/00/00 00:00";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t at : {4u, 7u, 10u, 13u}) {
    if (text[at] != kShape[at]) return std::nullopt;
  }
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  const auto hour = digits(text.substr(11, 2));
  const auto minute = digits(text.substr(14, 2));
  if (!year || !month || !day || !hour || !minute || *hour > 23 || *minute > 59) {
    return std::nullopt;
  }
  const year_month_day date(std::chrono::year(*year),
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::int64_t{sys_days(date).time_since_epoch().count()} * kMinutesPerDay +
         *hour * kMinutesPerHour + *minute;
}

std::string format_minute(std::int64_t minute) {
  const auto day = floor<days>(instant(minute));
  const year_month_day date(day);
  const auto rest = (instant(minute) - day).count();
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(rest / kMinutesPerHour), static_cast<int>(rest % kMinutesPerHour));
  return text;
}

double hour_of_day(std::int64_t minute) {
  const auto rest = instant(minute) - floor<days>(instant(minute));
  return static_cast<double>(rest.count()) / static_cast<double>(kMinutesPerHour);
}

int weekday_from_monday(std::int64_t minute) {
  const std::chrono::weekday day(floor<days>(instant(minute)));
  return static_cast<int>(day.iso_encoding()) - 1;
}

}  // namespace flight_delays
