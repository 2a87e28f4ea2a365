// The calendar date and the clock of UTC, digit by digit: no locale and no buffer has a say.
// Pure.
// Years of four digits, as read_time() has them.
#include "calendar/utc_text.h"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::calendar {
namespace {

std::string digits(std::int64_t number, std::size_t width) {
  const std::string text = std::to_string(number);
  return std::string(width > text.size() ? width - text.size() : 0, '0') + text;
}

}  // namespace

std::string utc_text(base::WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  std::string text = digits(int(date.year()), 4) + "-" + digits(unsigned(date.month()), 2) + "-" +
                     digits(unsigned(date.day()), 2) + "T" + digits(time.hours().count(), 2) + ":" +
                     digits(time.minutes().count(), 2) + ":" + digits(time.seconds().count(), 2);
  if (const auto fraction = time.subseconds().count(); fraction != 0) {
    text += "." + digits(fraction, 6);
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
}

}  // namespace weir::calendar
