// Why a cron expression is refused: what, in which field, at which characters. A value, so that the
// compiler can find it in a literal; calendar/cron_text.h puts it into words.
// No thread affinity.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace weir::calendar {

enum class CronField { kSecond, kMinute, kHour, kDay, kMonth, kWeekday, kExpression };
constexpr std::array<std::string_view, 7> words(CronField) {
  return {"second", "minute", "hour", "day of month", "month", "day of week", "expression"};
}

enum class CronFault {
  kNone,
  kFieldCount,  // neither five nor six fields
  kMacro,       // an unknown word behind `@`
  kReboot,      // `@reboot`: the scheduler has no such moment
  kEvery,       // `@every` without a length of time, or with one below a second
  kEmpty,       // nothing where a value is due
  kValue,       // neither a number nor a name of the field
  kRange,       // a number that the field does not have
  kStep,        // no step, 0, or one that is larger than the field
  kQuestion,    // `?` where it says nothing
  kOrdinal,     // `#n` with n outside of 1 to 5
  kOnlyDay,     // `L` or `W` in a field other than the days
  kBareLast,    // `L` as a day of the week
  kTrailing,    // characters behind what is complete
  kNever,       // no such day in any of the months
};

struct CronProblem {
  CronFault fault = CronFault::kNone;
  CronField field = CronField::kExpression;
  std::size_t at = 0;      // bytes from the start of the expression
  std::size_t length = 0;  // bytes, 0 at its end

  friend bool operator==(const CronProblem&, const CronProblem&) = default;
};

}  // namespace weir::calendar
