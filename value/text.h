// Text forms of dates, times and durations inside of JSON. Pure functions; parsers accept
// what the writers give.
// Nothing is rounded: what does not fit a period exactly is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "value/schema.h"

namespace weir::value {

std::string date_text(int year, unsigned month, unsigned day);
struct DateFields {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
};
std::optional<DateFields> parse_date(std::string_view text);

// Counts of a period as time since the Unix epoch, "2026-01-31T10:00:00.5Z", or as a duration,
// "1.5s". Empty when the period is not a whole number of seconds or a power of ten below it, or the
// year does not fit into four digits.
std::string time_text(std::int64_t count, const SchemaNode& type);
std::string duration_text(std::int64_t count, const SchemaNode& type);

// The inverse, exact: nothing when the text does not fit the period. A duration may end in d, h, m,
// s, ms, us or ns.
std::optional<std::int64_t> parse_time(std::string_view text, const SchemaNode& type);
std::optional<std::int64_t> parse_duration(std::string_view text, const SchemaNode& type);

}  // namespace weir::value
