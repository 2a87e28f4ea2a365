// The texts of a schedule: cron expressions, zones, days and times. Literals are checked by the
// compiler, which reads them by the rules of the scheduler; texts made at run time are checked,
// with a caret under what is wrong, when the module is described or registered. Values; the
// functions are thread-safe and keep their text for the life of the process.
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include "impl/cron/cron_syntax.h"
#include "impl/cron/time_syntax.h"
#include "impl/cron/zone_names.h"
#include "impl/problem.h"
#include "impl/schedule_sentences.h"

namespace weir {

namespace impl {
template <class T>
concept RunTimeText = std::is_convertible_v<const T&, std::string_view> && !std::is_array_v<T>;
}  // namespace impl

// "0 2 * * *": minute, hour, day of month, month, day of week; or six fields with the second in
// front, @hourly to @yearly, "@every 90m".
class CronExpression {
 public:
  template <std::size_t N>
  consteval CronExpression(const char (&literal)[N]) : text_({literal, N - 1}) {
    text_.say(calendar::parse_cron(view()).problem);
  }
  template <
      impl::RunTimeText T,
      class Problem = problem::a_cron_expression_made_at_run_time_is_given_as_weir_cron_text<>>
  CronExpression(const T&) = delete;

  constexpr std::string_view view() const { return text_.view(); }

 private:
  friend CronExpression cron_text(std::string_view text);
  explicit CronExpression(std::string_view text) : text_(text) {}

  impl::ScheduleText text_;
};
// One that was made at run time: weir::cron(weir::cron_text(minute + " 2 * * *")).
CronExpression cron_text(std::string_view text);

// "Europe/Berlin": the clock that a schedule goes by, an IANA name. "UTC" unless one is given.
class ZoneName {
 public:
  constexpr ZoneName() : text_("UTC") {}
  template <std::size_t N>
  consteval ZoneName(const char (&literal)[N]) : text_({literal, N - 1}) {
    text_.say_zone(calendar::is_zone_name(view()));
  }
  template <impl::RunTimeText T,
            class Problem = problem::a_zone_made_at_run_time_is_given_as_weir_zone_name<>>
  ZoneName(const T&) = delete;

  constexpr std::string_view view() const { return text_.view(); }

 private:
  friend ZoneName zone_name(std::string_view text);
  explicit ZoneName(std::string_view text) : text_(text) {}

  impl::ScheduleText text_;
};
ZoneName zone_name(std::string_view text);

// "2026-12-25".
class Day {
 public:
  template <std::size_t N>
  consteval Day(const char (&literal)[N]) : text_({literal, N - 1}) {
    text_.say(calendar::parse_day(view()).fault, true);
  }
  template <impl::RunTimeText T,
            class Problem = problem::a_day_made_at_run_time_is_given_as_weir_day_text<>>
  Day(const T&) = delete;

  constexpr std::string_view view() const { return text_.view(); }

 private:
  friend Day day_text(std::string_view text);
  explicit Day(std::string_view text) : text_(text) {}

  impl::ScheduleText text_;
};
Day day_text(std::string_view text);

// "2026-12-01" or "2026-12-01T09:00" by the clock of the schedule's zone, "2026-12-01T09:00Z" or
// "2026-12-01T09:00+01:00" by any.
class TimeText {
 public:
  template <std::size_t N>
  consteval TimeText(const char (&literal)[N]) : text_({literal, N - 1}) {
    text_.say(calendar::parse_time(view()).fault, false);
  }
  template <impl::RunTimeText T,
            class Problem = problem::a_time_made_at_run_time_is_given_as_weir_time_text<>>
  TimeText(const T&) = delete;

  constexpr std::string_view view() const { return text_.view(); }

 private:
  friend TimeText time_text(std::string_view text);
  explicit TimeText(std::string_view text) : text_(text) {}

  impl::ScheduleText text_;
};
TimeText time_text(std::string_view text);

}  // namespace weir
