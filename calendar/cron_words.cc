// What a cron expression says, as an English phrase: the time of day, the days, the months.
// Sets are told as the shortest of steps, ranges and lists.
// Pure functions.
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "calendar/cron_text.h"
#include "weir/impl/cron/cron_names.h"

namespace weir::calendar {
namespace {

using Phrases = std::vector<std::string>;

std::string joined(const Phrases& phrases, std::string_view last = " and ") {
  std::string text;
  for (std::size_t i = 0; i < phrases.size(); ++i) {
    if (i > 0) text += i + 1 == phrases.size() ? std::string(last) : ", ";
    text += phrases[i];
  }
  return text;
}

// The values of a set; three and more in a row are one phrase, "9 to 17".
template <class Name>
Phrases runs(std::uint64_t bits, const Name& name) {
  Phrases phrases;
  while (bits != 0) {
    const int first = std::countr_zero(bits);
    const int length = std::countr_one(bits >> first);
    if (length >= 3) {
      phrases.push_back(name(first) + " to " + name(first + length - 1));
    } else {
      for (int i = 0; i < length; ++i) phrases.push_back(name(first + i));
    }
    bits = first + length > 63 ? 0 : bits >> (first + length) << (first + length);
  }
  return phrases;
}

std::string number(int value) { return std::to_string(value); }

std::string two_digits(int value) { return (value < 10 ? "0" : "") + std::to_string(value); }

std::string ordinal(int value) {
  const int tens = value % 100;
  const std::string_view ending = tens >= 11 && tens <= 13 ? "th"
                                  : value % 10 == 1        ? "st"
                                  : value % 10 == 2        ? "nd"
                                  : value % 10 == 3        ? "rd"
                                                           : "th";
  return std::to_string(value) + std::string(ending);
}

std::string capital(std::string_view name) {
  std::string text(name);
  text[0] = char(text[0] - 'a' + 'A');
  return text;
}
std::string month_name(int month) { return capital(impl::kMonthNames[month - 1]); }
std::string weekday_name(int weekday) { return capital(impl::kWeekdayNames[weekday]); }

// The step of a set of 0 to size-1 that begins with 0 and divides the field; 0 when it is another.
int even_step(std::uint64_t bits, int size) {
  if ((bits & 1) == 0 || std::popcount(bits) < 2) return bits == 1 ? size : 0;
  const int step = std::countr_zero(bits & ~std::uint64_t(1));
  if (size % step != 0) return 0;
  for (int i = 0; i < size; ++i) {
    if (((bits >> i & 1) != 0) != (i % step == 0)) return 0;
  }
  return step;
}

std::string every(int step, std::string_view unit) {
  if (step == 1) return "every " + std::string(unit);
  return "every " + std::to_string(step) + " " + std::string(unit) + "s";
}

std::string plural(std::string_view word, std::size_t count) {
  return std::string(word) + (count == 1 ? "" : "s");
}

// "at 02:00 and 14:30", while there are few of them.
constexpr int kTimesMax = 4;
std::string times_of_day(const Cron& cron) {
  Phrases times;
  for (int hour = 0; hour < 24; ++hour) {
    for (int minute = 0; minute < 60; ++minute) {
      if ((cron.hours >> hour & 1) == 0 || (cron.minutes >> minute & 1) == 0) continue;
      std::string time = two_digits(hour) + ":" + two_digits(minute);
      if (cron.seconds != 1) time += ":" + two_digits(std::countr_zero(cron.seconds));
      times.push_back(std::move(time));
    }
  }
  return "at " + joined(times);
}

// Of a field below the hour: "every 15 minutes", "at minutes 5 and 20".
std::string within(std::uint64_t bits, std::string_view unit) {
  const int step = even_step(bits, 60);
  if (step != 0 && step < 60) return every(step, unit);
  const Phrases values = runs(bits, number);
  return "at " + plural(unit, std::size_t(std::popcount(bits))) + " " + joined(values);
}

std::string hours_phrase(const Cron& cron) {
  const int step = even_step(cron.hours, 24);
  if (step == 1) return even_step(cron.minutes, 60) == 0 ? " of every hour" : "";
  if (step != 0 && step < 24) return " of " + every(step, "hour");
  const Phrases hours = runs(cron.hours, [](int hour) { return two_digits(hour); });
  return " of " + plural("hour", std::size_t(std::popcount(cron.hours))) + " " + joined(hours);
}

std::string time_phrase(const Cron& cron) {
  const int count = std::popcount(cron.hours) * std::popcount(cron.minutes);
  if (count <= kTimesMax && std::has_single_bit(cron.seconds)) return times_of_day(cron);
  const int step = even_step(cron.minutes, 60);
  std::string text;
  if (cron.seconds != 1) text = within(cron.seconds, "second");
  if (step == 60) {
    const int hours = even_step(cron.hours, 24);
    if (hours != 0 && text.empty()) return every(hours, "hour");
    text += (text.empty() ? "" : ", ") + std::string("at minute 0");
  } else if (step != 1 || text.empty()) {
    text += (text.empty() ? "" : ", ") + within(cron.minutes, "minute");
  }
  return text + hours_phrase(cron);
}

Phrases days_of_month(const Cron& cron) {
  Phrases phrases = runs(cron.days, [](int day) { return "the " + ordinal(day); });
  for (std::uint32_t left = cron.days_to_last; left != 0; left &= left - 1) {
    const int before = std::countr_zero(left);
    phrases.push_back(before == 0   ? "the last day"
                      : before == 1 ? "the day before the last"
                                    : std::to_string(before) + " days before the last");
  }
  for (std::uint32_t left = cron.near_days; left != 0; left &= left - 1) {
    phrases.push_back("the weekday nearest to the " + ordinal(std::countr_zero(left)));
  }
  if (cron.last_workday) phrases.push_back("the last weekday");
  return phrases;
}

Phrases days_of_week(const Cron& cron) {
  constexpr std::uint8_t kWorkdays = 0b0111110, kWeekend = 0b1000001;
  Phrases phrases;
  if (cron.weekdays == kWorkdays) {
    phrases.push_back("weekdays");
  } else if (cron.weekdays == kWeekend) {
    phrases.push_back("weekends");
  } else {
    phrases = runs(cron.weekdays, [](int day) { return weekday_name(day) + "s"; });
  }
  for (std::uint32_t left = cron.last_weekdays; left != 0; left &= left - 1) {
    phrases.push_back("the last " + weekday_name(std::countr_zero(left)) + " of the month");
  }
  for (std::uint64_t left = cron.nth_weekdays; left != 0; left &= left - 1) {
    const int bit = std::countr_zero(left);
    phrases.push_back("the " + ordinal(bit % 5 + 1) + " " + weekday_name(bit / 5) +
                      " of the month");
  }
  return phrases;
}

std::string day_phrase(const Cron& cron) {
  constexpr std::uint32_t kAllDays = 0xFFFFFFFE;
  const bool every_day = cron.days == kAllDays, every_weekday = cron.weekdays == 0x7F;
  const std::string of_month = " on " + joined(days_of_month(cron)) + " of the month";
  const std::string of_week = " on " + joined(days_of_week(cron));
  if (cron.any_day || cron.any_weekday) {
    if (every_day && every_weekday) return "";
    if (every_day) return of_week;
    if (every_weekday) return of_month;
    return of_month + ", if it is one of " + joined(days_of_week(cron));
  }
  return of_month + " or" + of_week;
}

std::string length_phrase(std::int64_t length) {
  struct Unit {
    std::int64_t length;  // seconds
    std::string_view name;
  };
  Phrases parts;
  for (const Unit& unit : {Unit{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}}) {
    const std::int64_t count = length / unit.length;
    length %= unit.length;
    if (count == 0) continue;
    const bool alone = count == 1 && length == 0 && parts.empty();  // "every hour"
    parts.push_back((alone ? "" : std::to_string(count) + " ") +
                    plural(unit.name, std::size_t(count)));
  }
  return joined(parts);
}

}  // namespace

std::string describe(const Cron& cron) {
  if (cron.every_seconds != 0) return "every " + length_phrase(cron.every_seconds);
  std::string text = time_phrase(cron) + day_phrase(cron);
  constexpr std::uint32_t kAllMonths = 0x1FFE;
  if (cron.months != kAllMonths) text += " in " + joined(runs(cron.months, month_name));
  return text;
}

}  // namespace weir::calendar
