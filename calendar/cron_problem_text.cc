// What is wrong with a cron expression, and the nearest form that is right: one sentence for each
// fault, then the expression with a caret under what is meant.
// Pure functions.
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/names.h"
#include "base/words.h"
#include "calendar/cron_text.h"
#include "weir/impl/cron/cron_names.h"
#include "weir/impl/cron/cron_syntax.h"

namespace weir::calendar {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// "0 to 59", "1 to 12 or jan to dec".
std::string values_of(CronField field) {
  const impl::FieldLimits limits = impl::limits_of(field);
  std::string text = std::to_string(limits.low) + " to " + std::to_string(limits.high);
  if (field == CronField::kMonth) text += " or jan to dec";
  if (field == CronField::kWeekday) text += " (0 and 7 are Sunday) or sun to sat";
  return text;
}

std::string unknown_value(const CronProblem& problem, std::string_view part) {
  std::vector<std::string> names;
  if (problem.field == CronField::kMonth) {
    for (const auto name : impl::kMonthNames) names.emplace_back(name.substr(0, 3));
  } else if (problem.field == CronField::kWeekday) {
    for (const auto name : impl::kWeekdayNames) names.emplace_back(name.substr(0, 3));
  }
  std::string lower;
  for (const char c : part) lower += impl::lower(c);
  return quoted(part) + " is no value of this field: it has " + values_of(problem.field) + "." +
         base::did_you_mean(lower, names);
}

std::string unknown_macro(std::string_view part) {
  std::vector<std::string> names{"@every"};
  for (const auto& macro : impl::kMacros) names.push_back("@" + std::string(macro.name));
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : " ") + name;
  return quoted(part) + " is none of " + all + "." + base::did_you_mean(part, names);
}

std::string field_count(std::string_view text) {
  const auto count = impl::split(text).count;
  if (count == 0) return "it is empty; five fields are due: minute hour day month weekday";
  return "it has " + std::to_string(count) + (count == 1 ? " field" : " fields") +
         "; five are due (minute hour day month weekday), or six with seconds in front";
}

std::string sentence(std::string_view text, const CronProblem& problem) {
  const std::string_view part = text.substr(problem.at, problem.length);
  switch (problem.fault) {
    case CronFault::kFieldCount:
      return field_count(text);
    case CronFault::kMacro:
      return unknown_macro(part);
    case CronFault::kReboot:
      return "@reboot is no time: the scheduler does not know one; write when, or @every 1h";
    case CronFault::kEvery:
      return "@every needs a length of a second or more, like 90s, 15m, 1h30m or 2d";
    case CronFault::kEmpty:
      return "a value is missing: the field has " + values_of(problem.field);
    case CronFault::kValue:
      return unknown_value(problem, part);
    case CronFault::kRange:
      return quoted(part) + " is out of range: the field has " + values_of(problem.field);
    case CronFault::kStep:
      return quoted(part) +
             " is no step that this field can take; for times that do not divide it, "
             "write @every, like @every 90m";
    case CronFault::kQuestion:
      return "'?' stands for any day and belongs to day of month or day of week; write *";
    case CronFault::kOrdinal:
      return quoted(part) +
             ": the day's number in the month is 1 to 5, like fri#2; the last is friL";
    case CronFault::kOnlyDay:
      return "L and W belong to day of month (L, L-3, LW, 15W), L and # to day of week (5L, 5#2)";
    case CronFault::kBareLast:
      return "L alone says no day of week; write 6 for Saturdays, or 6L for the month's last one";
    case CronFault::kTrailing:
      return quoted(part) + " stands behind what is complete";
    case CronFault::kNever:
      return "it can never fire: no month that it names has such a day; L is the last day of each";
    case CronFault::kNone:
      break;
  }
  return "";
}

}  // namespace

std::string problem_text(std::string_view text, const CronProblem& problem) {
  std::string message = "cron " + quoted(text);
  if (problem.field != CronField::kExpression) {
    message.append(", ").append(base::word_of(problem.field));
  }
  message += ": " + sentence(text, problem) + "\n    " + std::string(text) + "\n    " +
             std::string(problem.at, ' ') + "^";
  if (problem.length > 1) message += std::string(problem.length - 1, '~');
  return message;
}

base::Result<Cron> read_cron(std::string_view text) {
  const CronParse parsed = parse_cron(text);
  if (parsed.ok()) return parsed.cron;
  return base::Status(base::Code::kInvalidArgument, base::kErrCron,
                      problem_text(text, parsed.problem));
}

}  // namespace weir::calendar
