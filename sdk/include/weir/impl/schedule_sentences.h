// What the compiler says of a literal that is no cron expression, zone, day or time: one sentence
// for each kind of mistake, with the field where that helps. Compile time only.
// The same text made at run time is judged with a caret when the module is described.
#pragma once

#include <string_view>

#include "../name.h"
#include "cron/cron_problem.h"
#include "cron/time_syntax.h"

namespace weir::impl {

WEIR_IMPL_SPOKEN(the_second_field_of_this_cron_expression_takes_0_to_59) {}
WEIR_IMPL_SPOKEN(the_minute_field_of_this_cron_expression_takes_0_to_59) {}
WEIR_IMPL_SPOKEN(the_hour_field_of_this_cron_expression_takes_0_to_23) {}
WEIR_IMPL_SPOKEN(the_day_of_month_field_of_this_cron_expression_takes_1_to_31) {}
WEIR_IMPL_SPOKEN(the_month_field_of_this_cron_expression_takes_1_to_12_or_jan_to_dec) {}
WEIR_IMPL_SPOKEN(the_day_of_week_field_of_this_cron_expression_takes_0_to_7_or_sun_to_sat) {}
WEIR_IMPL_SPOKEN(
    a_cron_expression_has_five_fields_minute_hour_day_month_weekday_or_six_from_second) {}
WEIR_IMPL_SPOKEN(this_cron_macro_is_none_of_hourly_daily_midnight_weekly_monthly_yearly_every) {}
WEIR_IMPL_SPOKEN(at_reboot_is_no_time_write_when_or_at_every_1h) {}
WEIR_IMPL_SPOKEN(at_every_needs_a_length_of_a_second_or_more_like_90s_15m_1h30m_or_2d) {}
WEIR_IMPL_SPOKEN(a_step_of_this_cron_expression_is_0_or_larger_than_its_field_see_at_every_90m) {}
WEIR_IMPL_SPOKEN(a_question_mark_belongs_to_day_of_month_or_day_of_week_of_a_cron_expression) {}
WEIR_IMPL_SPOKEN(behind_a_hash_in_a_cron_expression_stands_1_to_5) {}
WEIR_IMPL_SPOKEN(in_a_cron_expression_L_and_W_belong_to_day_of_month_L_and_hash_to_day_of_week) {}
WEIR_IMPL_SPOKEN(in_a_cron_expression_L_alone_is_no_day_of_week_write_6_or_6L) {}
WEIR_IMPL_SPOKEN(this_cron_expression_goes_on_behind_what_is_complete) {}
WEIR_IMPL_SPOKEN(this_cron_expression_can_never_fire_its_months_have_no_such_day) {}

WEIR_IMPL_SPOKEN(no_time_zone_has_this_name_write_an_IANA_name_like_Europe_slash_Berlin) {}

WEIR_IMPL_SPOKEN(a_day_is_written_like_2026_12_25_with_dashes) {}
WEIR_IMPL_SPOKEN(a_time_is_written_like_2026_12_01_or_2026_12_01T09_00_with_dashes_and_colons) {}
WEIR_IMPL_SPOKEN(the_calendar_has_no_such_day) {}
WEIR_IMPL_SPOKEN(no_clock_shows_this_time) {}
WEIR_IMPL_SPOKEN(an_offset_from_UTC_is_less_than_a_day) {}

// A text in the source, or one that was made at run time and is kept; says what is wrong with the
// former.
class ScheduleText {
 public:
  constexpr explicit ScheduleText(std::string_view text) : text_(text) {}

  constexpr std::string_view view() const { return text_; }

  consteval void say(const calendar::CronProblem& problem) {
    using calendar::CronFault;
    switch (problem.fault) {
      case CronFault::kNone:
        return;
      case CronFault::kFieldCount:
        WEIR_IMPL_SAY(
            a_cron_expression_has_five_fields_minute_hour_day_month_weekday_or_six_from_second);
        return;
      case CronFault::kMacro:
        WEIR_IMPL_SAY(this_cron_macro_is_none_of_hourly_daily_midnight_weekly_monthly_yearly_every);
        return;
      case CronFault::kReboot:
        WEIR_IMPL_SAY(at_reboot_is_no_time_write_when_or_at_every_1h);
        return;
      case CronFault::kEvery:
        WEIR_IMPL_SAY(at_every_needs_a_length_of_a_second_or_more_like_90s_15m_1h30m_or_2d);
        return;
      case CronFault::kEmpty:
      case CronFault::kValue:
      case CronFault::kRange:
        return say_range(problem.field);
      default:
        return say_form(problem.fault);
    }
  }

  consteval void say(calendar::TimeFault fault, bool day_only) {
    using calendar::TimeFault;
    if (fault == TimeFault::kForm && day_only) {
      WEIR_IMPL_SAY(a_day_is_written_like_2026_12_25_with_dashes);
    } else if (fault == TimeFault::kForm) {
      WEIR_IMPL_SAY(a_time_is_written_like_2026_12_01_or_2026_12_01T09_00_with_dashes_and_colons);
    } else if (fault == TimeFault::kNoDay) {
      WEIR_IMPL_SAY(the_calendar_has_no_such_day);
    } else if (fault == TimeFault::kNoClock) {
      WEIR_IMPL_SAY(no_clock_shows_this_time);
    } else if (fault == TimeFault::kNoOffset) {
      WEIR_IMPL_SAY(an_offset_from_UTC_is_less_than_a_day);
    }
  }

  consteval void say_zone(bool known) {
    if (known) return;
    WEIR_IMPL_SAY(no_time_zone_has_this_name_write_an_IANA_name_like_Europe_slash_Berlin);
  }

 private:
  consteval void say_range(calendar::CronField field) {
    using calendar::CronField;
    if (field == CronField::kSecond) {
      WEIR_IMPL_SAY(the_second_field_of_this_cron_expression_takes_0_to_59);
    } else if (field == CronField::kMinute) {
      WEIR_IMPL_SAY(the_minute_field_of_this_cron_expression_takes_0_to_59);
    } else if (field == CronField::kHour) {
      WEIR_IMPL_SAY(the_hour_field_of_this_cron_expression_takes_0_to_23);
    } else if (field == CronField::kDay) {
      WEIR_IMPL_SAY(the_day_of_month_field_of_this_cron_expression_takes_1_to_31);
    } else if (field == CronField::kMonth) {
      WEIR_IMPL_SAY(the_month_field_of_this_cron_expression_takes_1_to_12_or_jan_to_dec);
    } else {
      WEIR_IMPL_SAY(the_day_of_week_field_of_this_cron_expression_takes_0_to_7_or_sun_to_sat);
    }
  }

  consteval void say_form(calendar::CronFault fault) {
    using calendar::CronFault;
    if (fault == CronFault::kStep) {
      WEIR_IMPL_SAY(a_step_of_this_cron_expression_is_0_or_larger_than_its_field_see_at_every_90m);
    } else if (fault == CronFault::kQuestion) {
      WEIR_IMPL_SAY(a_question_mark_belongs_to_day_of_month_or_day_of_week_of_a_cron_expression);
    } else if (fault == CronFault::kOrdinal) {
      WEIR_IMPL_SAY(behind_a_hash_in_a_cron_expression_stands_1_to_5);
    } else if (fault == CronFault::kOnlyDay) {
      WEIR_IMPL_SAY(in_a_cron_expression_L_and_W_belong_to_day_of_month_L_and_hash_to_day_of_week);
    } else if (fault == CronFault::kBareLast) {
      WEIR_IMPL_SAY(in_a_cron_expression_L_alone_is_no_day_of_week_write_6_or_6L);
    } else if (fault == CronFault::kTrailing) {
      WEIR_IMPL_SAY(this_cron_expression_goes_on_behind_what_is_complete);
    } else {
      WEIR_IMPL_SAY(this_cron_expression_can_never_fire_its_months_have_no_such_day);
    }
  }

  std::string_view text_;
  WEIR_IMPL_PROBLEM
};

}  // namespace weir::impl
