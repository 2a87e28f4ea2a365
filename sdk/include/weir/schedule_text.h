// The texts of a schedule: cron expressions, zones, days and times. Literals are checked by the
// compiler, which reads them by the rules of the scheduler; texts made at run time are checked,
// with a caret under what is wrong, when the module is described or registered. Values; the
// functions are thread-safe and keep their text for the life of the process.
#pragma once

#include <cstddef>
#include <string_view>

#include "impl/cron/cron_syntax.h"
#include "impl/cron/time_syntax.h"
#include "impl/cron/zone_names.h"
#include "impl/schedule_sentences.h"

namespace weir {

// "0 2 * * *": minute, hour, day of month, month, day of week; or six fields with the second in
// front, @hourly to @yearly, "@every 90m".
class CronExpression : public impl::ScheduleText {
 public:
  template <std::size_t N>
  consteval CronExpression(const char (&literal)[N]) : ScheduleText({literal, N - 1}) {
    say(calendar::parse_cron(text_).problem);
  }

 private:
  friend CronExpression cron_text(std::string_view text);
  explicit CronExpression(std::string_view text) : ScheduleText(text) {}
};
// One that was made at run time: weir::cron(weir::cron_text(minute + " 2 * * *")).
CronExpression cron_text(std::string_view text);

// "Europe/Berlin": the clock that a schedule goes by, an IANA name. "UTC" unless one is given.
class ZoneName : public impl::ScheduleText {
 public:
  constexpr ZoneName() : ScheduleText("UTC") {}
  template <std::size_t N>
  consteval ZoneName(const char (&literal)[N]) : ScheduleText({literal, N - 1}) {
    say_zone(calendar::is_zone_name(text_));
  }

 private:
  friend ZoneName zone_name(std::string_view text);
  explicit ZoneName(std::string_view text) : ScheduleText(text) {}
};
ZoneName zone_name(std::string_view text);

// "2026-12-25".
class Day : public impl::ScheduleText {
 public:
  template <std::size_t N>
  consteval Day(const char (&literal)[N]) : ScheduleText({literal, N - 1}) {
    say(calendar::parse_day(text_).fault, true);
  }

 private:
  friend Day day_text(std::string_view text);
  explicit Day(std::string_view text) : ScheduleText(text) {}
};
Day day_text(std::string_view text);

// "2026-12-01" or "2026-12-01T09:00" by the clock of the schedule's zone, "2026-12-01T09:00Z" or
// "2026-12-01T09:00+01:00" by any.
class TimeText : public impl::ScheduleText {
 public:
  template <std::size_t N>
  consteval TimeText(const char (&literal)[N]) : ScheduleText({literal, N - 1}) {
    say(calendar::parse_time(text_).fault, false);
  }

 private:
  friend TimeText time_text(std::string_view text);
  explicit TimeText(std::string_view text) : ScheduleText(text) {}
};
TimeText time_text(std::string_view text);

}  // namespace weir
