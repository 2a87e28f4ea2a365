// Parsing and formatting of durations and instants. Local time comes from the C library and its TZ;
// only set_zone() changes that, once.
// No thread affinity otherwise.
#include "cli/text/duration.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>

#include "base/errors.h"
#include "module/schedule_check.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;
using std::chrono::milliseconds;

constexpr double kDurationMsMax = 100.0 * 366 * 86'400'000;

Status bad_duration(std::string_view text) {
  return Status(Code::kInvalidArgument, base::kErrUsage,
                "'" + std::string(text) + "' is not a duration; write 30s, 5m, 1h30m, 2d or 500ms");
}

// Milliseconds in a unit, 0 for an unknown one.
double unit_ms(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s" || unit.empty()) return 1'000;
  if (unit == "m" || unit == "min") return 60'000;
  if (unit == "h") return 3'600'000;
  if (unit == "d") return 86'400'000;
  if (unit == "w") return 7 * 86'400'000.0;
  return 0;
}

std::tm local_parts(base::WallTime at) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

std::string format_parts(const std::tm& parts, const char* format) {
  char buffer[96];
  const std::size_t size = std::strftime(buffer, sizeof buffer, format, &parts);
  return {buffer, size};
}

std::string two_units(long long large, const char* large_unit, long long small,
                      const char* small_unit) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%lld %s %02lld %s", large, large_unit, small, small_unit);
  return buffer;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits of fixed count at `text`; -1 when they are not there.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// What a time says of its zone: nothing, "Z", "+02:00", or " CEST" as format_time() writes it.
struct ZoneSuffix {
  std::optional<std::chrono::minutes> offset;
  std::string_view abbreviation;
};

std::optional<ZoneSuffix> take_zone(std::string_view text) {
  if (text.empty()) return ZoneSuffix{};
  if (text == "Z" || text == " UTC") return ZoneSuffix{std::chrono::minutes(0), {}};
  const char first = text.front();
  text.remove_prefix(1);
  if (first == ' ') {
    const bool letters = !text.empty() && text.find_first_of(" :") == std::string_view::npos;
    if (!letters) return std::nullopt;
    return ZoneSuffix{std::nullopt, text};
  }
  if (first != '+' && first != '-') return std::nullopt;
  const int hours = take_number(text, 2);
  if (hours < 0 || hours > 23 || !take_char(text, ':')) return std::nullopt;
  const int minutes = take_number(text, 2);
  if (minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
  const std::chrono::minutes offset(hours * 60 + minutes);
  return ZoneSuffix{first == '-' ? -offset : offset, {}};
}

// The seconds of a local time, of the one that is called so when the clock shows it twice.
std::optional<std::time_t> local_seconds(const std::tm& parts, std::string_view abbreviation) {
  for (const int daylight : {-1, 0, 1}) {
    std::tm tried = parts;
    tried.tm_isdst = daylight;
    const std::time_t seconds = std::mktime(&tried);
    if (abbreviation.empty()) return seconds;
    const bool moved = tried.tm_hour != parts.tm_hour || tried.tm_min != parts.tm_min;
    if (!moved && tried.tm_zone != nullptr && abbreviation == tried.tm_zone) return seconds;
  }
  return std::nullopt;
}

// "2026-11-20[T20:00[:10]]", then what a ZoneSuffix may be.
bool parse_instant(std::string_view text, base::WallTime& at) {
  std::tm parts{};
  parts.tm_year = take_number(text, 4) - 1900;
  if (parts.tm_year < 0 || !take_char(text, '-')) return false;
  parts.tm_mon = take_number(text, 2) - 1;
  if (parts.tm_mon < 0 || parts.tm_mon > 11 || !take_char(text, '-')) return false;
  parts.tm_mday = take_number(text, 2);
  if (parts.tm_mday < 1 || parts.tm_mday > 31) return false;
  if (take_char(text, 'T') || take_char(text, ' ')) {
    parts.tm_hour = take_number(text, 2);
    if (parts.tm_hour < 0 || parts.tm_hour > 23 || !take_char(text, ':')) return false;
    parts.tm_min = take_number(text, 2);
    if (parts.tm_min < 0 || parts.tm_min > 59) return false;
    if (take_char(text, ':')) parts.tm_sec = take_number(text, 2);
    if (parts.tm_sec < 0 || parts.tm_sec > 60) return false;
  }
  const std::optional<ZoneSuffix> zone = take_zone(text);
  if (!zone) return false;
  std::tm normal = parts;
  const std::time_t utc = ::timegm(&normal);
  if (normal.tm_mday != parts.tm_mday) return false;  // the 31st of a shorter month
  const auto seconds = zone->offset ? utc : local_seconds(parts, zone->abbreviation);
  if (!seconds) return false;
  at = base::WallTime(std::chrono::seconds(*seconds) -
                      zone->offset.value_or(std::chrono::minutes(0)));
  return true;
}

// How long the instant is that `text` begins with: "2026-11-20T19:00:10Z", with a fraction too, or
// "2026-11-20 19:00:10 UTC"; 0 for none.
std::size_t utc_length(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00*00:00:00";
  if (text.size() <= kShape.size()) return 0;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool fits = kShape[i] == '0'   ? is_digit(text[i])
                      : kShape[i] == '*' ? text[i] == 'T' || text[i] == ' '
                                         : text[i] == kShape[i];
    if (!fits) return 0;
  }
  std::size_t end = kShape.size();
  if (text[end] == '.') {
    do {
      ++end;
    } while (end < text.size() && is_digit(text[end]));
  }
  const std::string_view zone = text[10] == 'T' ? "Z" : " UTC";
  return text.substr(end).starts_with(zone) ? end + zone.size() : 0;
}

}  // namespace

base::Result<milliseconds> parse_duration(std::string_view text) {
  double total = 0;
  std::string_view rest = text;
  if (rest.empty()) return bad_duration(text);
  while (!rest.empty()) {
    std::size_t digits = 0;
    while (digits < rest.size() && (is_digit(rest[digits]) || rest[digits] == '.')) ++digits;
    const std::string number(rest.substr(0, digits));
    char* end = nullptr;
    const double value = std::strtod(number.c_str(), &end);
    if (digits == 0 || end != number.c_str() + number.size()) return bad_duration(text);
    rest.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < rest.size() && !is_digit(rest[letters])) ++letters;
    const double unit = unit_ms(rest.substr(0, letters));
    if (unit == 0) return bad_duration(text);
    rest.remove_prefix(letters);
    total += value * unit;
    if (!(total <= kDurationMsMax)) return bad_duration(text);
  }
  return milliseconds(std::llround(total));
}

std::string format_duration(std::chrono::microseconds duration) {
  const long long us = duration.count() < 0 ? 0 : duration.count();
  char buffer[64];
  if (us < 10'000) {
    std::snprintf(buffer, sizeof buffer, "%.1f ms", static_cast<double>(us) / 1e3);
    return buffer;
  }
  if (us < 999'500) return std::to_string((us + 500) / 1'000) + " ms";
  if (us < 59'950'000) {
    std::snprintf(buffer, sizeof buffer, "%.1f s", static_cast<double>(us) / 1e6);
    return buffer;
  }
  const long long seconds = (us + 500'000) / 1'000'000;
  if (seconds < 3'600) return two_units(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86'400) return two_units(seconds / 3'600, "h", seconds / 60 % 60, "m");
  return two_units(seconds / 86'400, "d", seconds / 3'600 % 24, "h");
}

std::string format_time(base::WallTime at) {
  return format_parts(local_parts(at), "%Y-%m-%d %H:%M:%S %Z");
}

std::string in_local_time(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utc_length(text);
    base::WallTime at{};
    if (length > 0 && parse_instant(std::string(text.substr(0, 19)) + "Z", at)) {
      out += format_time(at);
      text.remove_prefix(length);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string format_clock(base::WallTime at) { return format_parts(local_parts(at), "%H:%M:%S"); }

base::Result<base::WallTime> parse_since(std::string_view text, base::WallTime now) {
  base::WallTime at{};
  if (parse_instant(text, at)) return at;
  const base::Result<milliseconds> ago = parse_duration(text);
  if (ago.ok()) return now - *ago;
  return Status(
      Code::kInvalidArgument, base::kErrUsage,
      "'" + std::string(text) +
          "' is neither a time (2026-01-31, 2026-01-31T09:00, …Z) nor a duration (2h, 7d)");
}

base::Result<base::WallTime> parse_time(std::string_view text) {
  base::WallTime at{};
  if (parse_instant(text, at)) return at;
  return Status(Code::kInvalidArgument, base::kErrUsage,
                "'" + std::string(text) +
                    "' is not a time; write 2026-01-31T09:00, 2026-01-31T09:00:00Z or "
                    "2026-01-31T09:00+01:00");
}

base::Result<base::WallTime> parse_until(std::string_view text, base::WallTime now) {
  base::WallTime at{};
  if (!parse_instant(text, at)) {
    const base::Result<milliseconds> from_now = parse_duration(text);
    if (!from_now.ok()) {
      return Status(Code::kInvalidArgument, base::kErrUsage,
                    "'" + std::string(text) +
                        "' is neither a time (2026-01-31, 2026-01-31T09:00, …Z) nor a duration "
                        "(2h, 7d)");
    }
    at = now + *from_now;
  }
  if (at > now) return at;
  return Status(Code::kInvalidArgument, base::kErrUsage,
                "'" + std::string(text) + "' is not in the future");
}

Status set_zone(const std::string& zone) {
  if (zone.empty()) return {};
  std::error_code error;
  const bool plain = zone.find("..") == std::string::npos && zone.front() != '/';
  if (!plain || !std::filesystem::is_regular_file("/usr/share/zoneinfo/" + zone, error)) {
    const Status unknown = module::zone_problem(zone);
    return {Code::kInvalidArgument, base::kErrUsage,
            unknown.ok() ? "this machine has no time zone '" + zone + "': install tzdata"
                         : unknown.message()};
  }
  ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
  return {};
}

base::WallTime wall_now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace weir::cli
