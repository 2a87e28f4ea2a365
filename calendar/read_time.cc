// Reads "YYYY-MM-DD", then "THH:MM", then ":SS", then "Z" or "±HH:MM", from left to right. Whatever
// is left over or out of its range is refused as a whole: nothing is guessed.
// Pure.
#include "calendar/read_time.h"

#include <optional>
#include <string>

#include "base/errors.h"

namespace weir::calendar {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::seconds;

class TimeText {
 public:
  explicit TimeText(std::string_view left) : left_(left) {}

  bool ends() const { return left_.empty(); }
  bool take(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  // Exactly so many digits, a number in [least, most].
  std::optional<int> number(std::size_t digits, int least, int most) {
    if (left_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : left_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    left_.remove_prefix(digits);
    if (value < least || value > most) return std::nullopt;
    return value;
  }

 private:
  std::string_view left_;
};

std::optional<local_days> take_day(TimeText& text) {
  const auto year = text.number(4, 1, 9999);
  if (!year || !text.take('-')) return std::nullopt;
  const auto month = text.number(2, 1, 12);
  if (!month || !text.take('-')) return std::nullopt;
  const auto day = text.number(2, 1, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(unsigned(*month)),
                                         std::chrono::day(unsigned(*day))};
  if (!date.ok()) return std::nullopt;
  return local_days(date);
}

std::optional<seconds> take_clock(TimeText& text) {
  const auto hour = text.number(2, 0, 23);
  if (!hour || !text.take(':')) return std::nullopt;
  const auto minute = text.number(2, 0, 59);
  if (!minute) return std::nullopt;
  auto second = std::optional(0);
  if (text.take(':')) second = text.number(2, 0, 59);
  if (!second) return std::nullopt;
  return hours(*hour) + minutes(*minute) + seconds(*second);
}

std::optional<seconds> take_offset(TimeText& text, int sign) {
  const auto hour = text.number(2, 0, 23);
  if (!hour || !text.take(':')) return std::nullopt;
  const auto minute = text.number(2, 0, 59);
  if (!minute) return std::nullopt;
  return sign * (hours(*hour) + minutes(*minute));
}

std::optional<Instant> parse_time(std::string_view given, const Zone& zone) {
  TimeText text(given);
  const auto day = take_day(text);
  if (!day) return std::nullopt;
  LocalTime local = *day;
  if (text.ends()) return zone.fires_at(local);
  if (!text.take('T') && !text.take(' ')) return std::nullopt;
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  local += *clock;
  if (text.ends()) return zone.fires_at(local);
  std::optional<seconds> offset;
  if (text.take('Z')) {
    offset = seconds(0);
  } else if (text.take('+')) {
    offset = take_offset(text, 1);
  } else if (text.take('-')) {
    offset = take_offset(text, -1);
  }
  if (!offset || !text.ends()) return std::nullopt;
  return Instant(local.time_since_epoch() - *offset);
}

base::Status refuse(std::string_view text, std::string_view wanted) {
  return {base::Code::kInvalidArgument, base::kErrUsage,
          "'" + std::string(text) + "' is no " + std::string(wanted)};
}

}  // namespace

base::Result<Instant> read_time(std::string_view text, const Zone& zone) {
  if (const auto at = parse_time(text, zone)) return *at;
  return refuse(text,
                "time; write 2026-12-01, 2026-12-01T09:00, 2026-12-01T09:00:00Z or "
                "2026-12-01T09:00+02:00");
}

base::Result<local_days> read_day(std::string_view given) {
  TimeText text(given);
  const auto day = take_day(text);
  if (day && text.ends()) return *day;
  return refuse(given, "day; write 2026-12-25");
}

}  // namespace weir::calendar
