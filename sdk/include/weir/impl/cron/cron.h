// A cron expression, parsed: sets of seconds, minutes, hours, days, months and weekdays as bits.
//
// Day of the month and day of the week are joined as Vixie's cron joins them: both restricted,
// either suffices; a field that begins with `*` or `?` counts as unrestricted, and both must hold
// (so the step of `*/10` applies). A value; everything here is constexpr, so that a literal in a
// module's source is checked by the compiler.
#pragma once

#include <bit>
#include <cstdint>

namespace weir::calendar {

struct Cron {
  std::uint64_t seconds = 1;  // bit s, 0 to 59; only second 0 when the expression has five fields
  std::uint64_t minutes = 0;  // bit m, 0 to 59
  std::uint32_t hours = 0;    // bit h, 0 to 23
  std::uint32_t months = 0;   // bit m, 1 to 12

  std::uint32_t days = 0;          // bit d, 1 to 31
  std::uint32_t days_to_last = 0;  // bit n: n days before the last of the month (`L`, `L-n`)
  std::uint32_t near_days = 0;     // bit d: the day from Monday to Friday nearest to d (`dW`)
  bool last_workday = false;       // the last day from Monday to Friday (`LW`)
  bool any_day = false;            // the field begins with `*` or `?`

  std::uint8_t weekdays = 0;       // bit w, 0 is Sunday
  std::uint8_t last_weekdays = 0;  // bit w: the last such day of the month (`5L`)
  std::uint64_t nth_weekdays = 0;  // bit 5 w + n - 1: the n-th such day of the month (`5#2`)
  bool any_weekday = false;        // the field begins with `*` or `?`

  std::int64_t every_seconds =
      0;  // `@every`, counted from the Unix epoch; then nothing else counts

  friend bool operator==(const Cron&, const Cron&) = default;
};

inline constexpr std::uint32_t kEveryHour = (1U << 24) - 1;

// A job of intervals: it fires at each instant that reads as one of its times. Any other is a
// wall-clock job, which fires once for each of its times.
constexpr bool is_interval(const Cron& cron) { return cron.hours == kEveryHour; }

namespace impl {

// Days of a month from its length and the weekday of its first: bit d.
constexpr std::uint32_t days_of_month_field(const Cron& cron, int length, int first_weekday) {
  const auto weekday = [&](int day) { return (first_weekday + day - 1) % 7; };
  std::uint32_t days = cron.days;
  for (std::uint32_t left = cron.days_to_last; left != 0; left &= left - 1) {
    const int day = length - std::countr_zero(left);
    if (day >= 1) days |= 1U << day;
  }
  for (std::uint32_t left = cron.near_days; left != 0; left &= left - 1) {
    const int day = std::countr_zero(left);
    if (day > length) break;
    if (weekday(day) == 6)
      days |= 1U << (day > 1 ? day - 1 : day + 2);
    else if (weekday(day) == 0)
      days |= 1U << (day < length ? day + 1 : day - 2);
    else
      days |= 1U << day;
  }
  if (cron.last_workday) {
    const int last = weekday(length);
    days |= 1U << (length - (last == 6 ? 1 : last == 0 ? 2 : 0));
  }
  return days;
}

constexpr std::uint32_t days_of_week_field(const Cron& cron, int length, int first_weekday) {
  const std::uint32_t twice = cron.weekdays | std::uint32_t(cron.weekdays) << 7;
  const std::uint64_t week = (twice >> first_weekday) & 0x7F;  // bit 0 is the first of the month
  auto days = std::uint32_t((week * 0x10204081) << 1);
  const auto first = [&](int weekday) { return 1 + (weekday - first_weekday + 7) % 7; };
  for (std::uint32_t left = cron.last_weekdays; left != 0; left &= left - 1) {
    const int day = first(std::countr_zero(left));
    days |= 1U << (day + (length - day) / 7 * 7);
  }
  for (std::uint64_t left = cron.nth_weekdays; left != 0; left &= left - 1) {
    const int bit = std::countr_zero(left);
    const int day = first(bit / 5) + bit % 5 * 7;
    if (day <= length) days |= 1U << day;
  }
  return days;
}

}  // namespace impl

// The days of a month of `length` days that begins on `first_weekday` (0 is Sunday): bit d.
constexpr std::uint32_t matching_days(const Cron& cron, int length, int first_weekday) {
  const auto of_month = impl::days_of_month_field(cron, length, first_weekday);
  const auto of_week = impl::days_of_week_field(cron, length, first_weekday);
  const bool both = cron.any_day || cron.any_weekday;
  const auto inside = std::uint32_t((std::uint64_t(1) << (length + 1)) - 2);
  return (both ? of_month & of_week : of_month | of_week) & inside;
}

// Days of a month of the proleptic Gregorian calendar; `month` counts from 1.
constexpr int month_length(int month, bool leap_year) {
  if (month == 2) return leap_year ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// False when no day of any year matches. Every month begins on every weekday in some year, leap
// years too, so these are all there is to look at.
constexpr bool can_fire(const Cron& cron) {
  if (cron.every_seconds != 0) return true;
  for (int month = 1; month <= 12; ++month) {
    if ((cron.months >> month & 1) == 0) continue;
    for (int weekday = 0; weekday < 7; ++weekday) {
      if (matching_days(cron, month_length(month, true), weekday) != 0) return true;
      if (month == 2 && matching_days(cron, 28, weekday) != 0) return true;
    }
  }
  return false;
}

}  // namespace weir::calendar
