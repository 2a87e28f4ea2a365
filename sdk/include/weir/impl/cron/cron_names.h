// What the fields of a cron expression may hold: their numbers, the names of months and weekdays,
// and the characters that the readers look at.
// Constexpr, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cron_problem.h"

namespace weir::calendar::impl {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

inline constexpr std::string_view kMonthNames[] = {"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};
inline constexpr std::string_view kWeekdayNames[] = {"sunday",   "monday", "tuesday", "wednesday",
                                                     "thursday", "friday", "saturday"};

// The number of a name, in any case, whole or by its first three letters; -1 for what is none.
constexpr int number_of_name(CronField field, std::string_view word) {
  const bool months = field == CronField::kMonth;
  if (!months && field != CronField::kWeekday) return -1;
  const std::string_view* names = months ? kMonthNames : kWeekdayNames;
  for (int i = 0; i < (months ? 12 : 7); ++i) {
    if (word.size() != 3 && word.size() != names[i].size()) continue;
    std::size_t same = 0;
    while (same < word.size() && lower(word[same]) == names[i][same]) ++same;
    if (same == word.size()) return i + (months ? 1 : 0);
  }
  return -1;
}

struct FieldLimits {
  int low = 0, high = 0;
};
constexpr FieldLimits limits_of(CronField field) {
  switch (field) {
    case CronField::kHour:
      return {0, 23};
    case CronField::kDay:
      return {1, 31};
    case CronField::kMonth:
      return {1, 12};
    case CronField::kWeekday:
      return {0, 7};  // 7 is Sunday too
    default:
      return {0, 59};
  }
}

// Every `step`-th value from low to high, over the end of the field when high is below low.
constexpr std::uint64_t bits_of_range(CronField field, int low, int high, int step) {
  const FieldLimits limits = limits_of(field);
  const int size = field == CronField::kWeekday ? 7 : limits.high - limits.low + 1;
  const int span = high >= low ? high - low : high + size - low;
  std::uint64_t bits = 0;
  for (int k = 0; k <= span; k += step) {
    bits |= std::uint64_t(1) << (limits.low + (low - limits.low + k) % size);
  }
  return bits;
}

}  // namespace weir::calendar::impl
