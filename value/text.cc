// Text forms inside of JSON. All arithmetic is on 128-bit integers, so that nothing overflows
// before it is checked.
// Parsing and printing are exact inverses of each other.
// Pure: no state outlives a call.
#include "value/text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>

namespace weir::value {
namespace {

__extension__ using Wide = __int128;

constexpr Wide kDigitsMax = Wide{1'000'000'000'000'000'000};  // attoseconds
constexpr std::int64_t kDay = 86'400;

// Counts in a second for periods of 1/10^n, 0 for all others.
std::int64_t counts_a_second(const SchemaNode& type) {
  if (type.period_num != 1) return 0;
  for (Wide power = 1; power <= kDigitsMax; power *= 10) {
    if (power == type.period_den) return type.period_den;
  }
  return 0;
}

bool whole_seconds(const SchemaNode& type) { return type.period_den == 1; }

// Seconds and the decimal digits below them.
struct Seconds {
  std::int64_t whole = 0;
  std::string fraction;  // ".5", or empty
};

std::string fraction_text(std::int64_t part, std::int64_t per_second) {
  if (part == 0) return {};
  std::string digits = std::to_string(per_second + part).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return "." + digits;
}

std::optional<std::int64_t> narrow(Wide value) {
  if (value < std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  if (value > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

// Floor division: times before the epoch have fractions that count upwards too.
std::optional<Seconds> seconds_of(std::int64_t count, const SchemaNode& type) {
  if (whole_seconds(type)) {
    const auto whole = narrow(Wide{count} * type.period_num);
    if (!whole) return std::nullopt;
    return Seconds{*whole, {}};
  }
  const std::int64_t per_second = counts_a_second(type);
  if (per_second == 0) return std::nullopt;
  std::int64_t whole = count / per_second;
  std::int64_t part = count % per_second;
  if (part < 0) {
    part += per_second;
    --whole;
  }
  return Seconds{whole, fraction_text(part, per_second)};
}

// value / divisor seconds as a count, when it is a whole one.
std::optional<std::int64_t> count_of(Wide value, Wide divisor, const SchemaNode& type) {
  Wide scaled = 0;
  Wide below = 0;
  if (__builtin_mul_overflow(value, Wide{type.period_den}, &scaled)) return std::nullopt;
  if (__builtin_mul_overflow(divisor, Wide{type.period_num}, &below)) return std::nullopt;
  if (scaled % below != 0) return std::nullopt;
  return narrow(scaled / below);
}

template <class Number>
bool digits(std::string_view& text, std::size_t exactly, Number& value) {
  if (text.size() < exactly) return false;
  const char* end = text.data() + exactly;
  if (text[0] < '0' || text[0] > '9') return false;
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end) return false;
  text.remove_prefix(exactly);
  return true;
}

bool literal(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

bool date_fields(std::string_view& text, DateFields& date) {
  return digits(text, 4, date.year) && literal(text, '-') && digits(text, 2, date.month) &&
         literal(text, '-') && digits(text, 2, date.day);
}

// Decimal digits up to the first other character: value and the power of ten below it.
bool decimal(std::string_view& text, Wide& value, Wide& divisor) {
  std::size_t used = 0;
  bool point = false;
  value = 0;
  divisor = 1;
  for (; used < text.size(); ++used) {
    const char c = text[used];
    if (c == '.' && !point && used > 0) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    if (value > kDigitsMax || divisor >= kDigitsMax) return false;
    value = value * 10 + (c - '0');
    if (point) divisor *= 10;
  }
  text.remove_prefix(used);
  return used > 0;
}

}  // namespace

std::string date_text(int year, unsigned month, unsigned day) {
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", year, month, day);
  return text;
}

std::optional<DateFields> parse_date(std::string_view text) {
  DateFields date;
  if (!date_fields(text, date) || !text.empty()) return std::nullopt;
  return date;
}

std::string time_text(std::int64_t count, const SchemaNode& type) {
  const auto seconds = seconds_of(count, type);
  constexpr std::int64_t kFirst = -62'135'596'800;  // 0001-01-01
  constexpr std::int64_t kLast = 253'402'300'799;   // 9999-12-31
  if (!seconds || seconds->whole < kFirst || seconds->whole > kLast) return {};
  const std::chrono::sys_seconds instant{std::chrono::seconds(seconds->whole)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(instant - day);
  char text[48];
  std::snprintf(text, sizeof text, "T%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return date_text(int{date.year()}, unsigned{date.month()}, unsigned{date.day()}) + text +
         seconds->fraction + "Z";
}

std::string duration_text(std::int64_t count, const SchemaNode& type) {
  if (count == std::numeric_limits<std::int64_t>::min()) return {};
  const auto seconds = seconds_of(count < 0 ? -count : count, type);
  if (!seconds) return {};
  return (count < 0 ? "-" : "") + std::to_string(seconds->whole) + seconds->fraction + "s";
}

std::optional<std::int64_t> parse_time(std::string_view text, const SchemaNode& type) {
  DateFields date;
  int hour = 0;
  int minute = 0;
  if (!date_fields(text, date)) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year{date.year},
                                        std::chrono::month{date.month}, std::chrono::day{date.day}};
  if (!day.ok()) return std::nullopt;
  const Wide midnight = Wide{std::chrono::sys_days(day).time_since_epoch().count()} * kDay;
  if (text.empty()) return count_of(midnight, 1, type);
  if (!literal(text, 'T') || !digits(text, 2, hour) || !literal(text, ':') ||
      !digits(text, 2, minute) || !literal(text, ':')) {
    return std::nullopt;
  }
  Wide seconds = 0;
  Wide divisor = 1;
  if (!decimal(text, seconds, divisor) || text != "Z") return std::nullopt;
  if (hour > 23 || minute > 59 || seconds >= divisor * 60) return std::nullopt;
  return count_of((midnight + hour * 3600 + minute * 60) * divisor + seconds, divisor, type);
}

std::optional<std::int64_t> parse_duration(std::string_view text, const SchemaNode& type) {
  struct Unit {
    std::string_view name;
    std::int64_t multiply;
    std::int64_t divide;
  };
  static constexpr std::array<Unit, 7> kUnits{{{"d", kDay, 1},
                                               {"h", 3600, 1},
                                               {"m", 60, 1},
                                               {"s", 1, 1},
                                               {"ms", 1, 1000},
                                               {"us", 1, 1'000'000},
                                               {"ns", 1, 1'000'000'000}}};
  const bool negative = literal(text, '-');
  Wide value = 0;
  Wide divisor = 1;
  if (!decimal(text, value, divisor)) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (text != unit.name) continue;
    const auto count = count_of(value * unit.multiply, divisor * unit.divide, type);
    if (!count || !negative) return count;
    return -*count;
  }
  return std::nullopt;
}

}  // namespace weir::value
