// From the numbers of a day or time to instants, and the words for what is wrong with one.
// Nothing is written back as text: whoever shows a time has its own form.
// Pure; the zone is given.
#include "calendar/read_time.h"

#include <string>

#include "base/errors.h"
#include "base/text.h"

namespace weir::calendar {
namespace {

std::string_view sentence(TimeFault fault, bool day_only) {
  switch (fault) {
    case TimeFault::kForm:
      return day_only
                 ? "a day is written like 2026-12-25"
                 : "a time is written like 2026-12-01 or 2026-12-01T09:00, by the clock of the "
                   "zone, or 2026-12-01T09:00Z or 2026-12-01T09:00+01:00";
    case TimeFault::kNoDay:
      return "the calendar has no such day";
    case TimeFault::kNoClock:
      return "no clock shows it; hours go from 00 to 23, minutes and seconds from 00 to 59";
    case TimeFault::kNoOffset:
      return "an offset from UTC is less than a day, like +01:00";
    case TimeFault::kNone:
      break;
  }
  return "";
}

base::Status refusal(std::string_view text, const TimeParse& parsed, bool day_only) {
  std::string message = day_only ? "day '" : "time '";
  message += base::valid_utf8(text) + "': " + std::string(sentence(parsed.fault, day_only)) +
             "\n    " + base::valid_utf8(text) + "\n    " + std::string(parsed.at, ' ') + "^";
  if (parsed.length > 1) message += std::string(parsed.length - 1, '~');
  return {base::Code::kInvalidArgument, base::kErrCron, std::move(message)};
}

std::chrono::local_days day_of(const TimeParse& parsed) {
  return std::chrono::local_days(std::chrono::year(parsed.year) /
                                 std::chrono::month(unsigned(parsed.month)) /
                                 std::chrono::day(unsigned(parsed.day)));
}

LocalTime local_of(const TimeParse& parsed) {
  return day_of(parsed) + std::chrono::hours(parsed.hour) + std::chrono::minutes(parsed.minute) +
         std::chrono::seconds(parsed.second);
}

Instant instant_of(const TimeParse& parsed) {
  return Instant(local_of(parsed).time_since_epoch()) - std::chrono::minutes(parsed.offset_minutes);
}

}  // namespace

base::Result<Instant> read_time(std::string_view text, const Zone& zone) {
  const TimeParse parsed = parse_time(text);
  if (!parsed.ok()) return refusal(text, parsed, false);
  return parsed.has_offset ? instant_of(parsed) : zone.fires_at(local_of(parsed));
}

base::Status check_time(std::string_view text) {
  const TimeParse parsed = parse_time(text);
  return parsed.ok() ? base::Status() : refusal(text, parsed, false);
}

base::Result<std::chrono::local_days> read_day(std::string_view text) {
  const TimeParse parsed = parse_day(text);
  if (!parsed.ok()) return refusal(text, parsed, true);
  return day_of(parsed);
}

std::optional<bool> is_after(std::string_view end, std::string_view start) {
  const TimeParse last = parse_time(end);
  const TimeParse first = parse_time(start);
  if (!last.ok() || !first.ok() || last.has_offset != first.has_offset) return std::nullopt;
  return instant_of(last) > instant_of(first);
}

}  // namespace weir::calendar
