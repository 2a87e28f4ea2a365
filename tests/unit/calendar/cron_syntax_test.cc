// What a cron expression may say, what it then means as sets, and what is said of a wrong one.
// Some of it is asked of the compiler, as a literal in a module is.
// Each test stands alone; no clock, no zone.
#include "weir/impl/cron/cron_syntax.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "calendar/cron_text.h"

namespace weir::calendar {
namespace {

Cron parsed(std::string_view text) {
  const auto cron = read_cron(text);
  EXPECT_TRUE(cron.ok()) << cron.status().text();
  return cron.ok() ? *cron : Cron();
}

std::string refusal(std::string_view text) {
  const auto cron = read_cron(text);
  EXPECT_FALSE(cron.ok()) << text;
  EXPECT_EQ(cron.status().error(), base::kErrCron);
  return cron.status().message();
}

void expect_same(std::string_view one, std::string_view other) {
  EXPECT_EQ(parsed(one), parsed(other)) << one << " and " << other;
}

TEST(CronSyntax, NamesAreReadInAnyCaseAndWhole) {
  expect_same("0 0 * jan,FEB,March mon-Fri", "0 0 * 1-3 1-5");
  expect_same("0 0 * * SUNDAY", "0 0 * * 0");
}

TEST(CronSyntax, RangesWrapInEveryField) {
  expect_same("0 0 * * fri-mon", "0 0 * * 0,1,5,6");
  expect_same("0 0 * * sun-thu", "0 0 * * 0-4");
  expect_same("0 22-2 * * *", "0 0,1,2,22,23 * * *");
  expect_same("50-10/10 * * * *", "0,10,50 * * * *");
  expect_same("0 0 * nov-feb *", "0 0 * 1,2,11,12 *");
  expect_same("0 0 30-2 * *", "0 0 1,2,30,31 * *");
  expect_same("0 0 * * 6-7", "0 0 * * 0,6");
  expect_same("0 0 * * 7", "0 0 * * 0");
  expect_same("0 0 * * 0-7", "0 0 * * 0-6");
  expect_same("0 0 * * 7-2", "0 0 * * 0-2");
}

TEST(CronSyntax, AValueWithAStepGoesToTheEndOfItsField) {
  expect_same("5/20 * * * *", "5,25,45 * * * *");
  expect_same("0 0 * * 1/2", "0 0 * * 1,3,5");
}

TEST(CronSyntax, SixFieldsBeginWithSeconds) {
  const Cron cron = parsed("*/15 0 12 * * *");
  EXPECT_EQ(cron.seconds, (1ULL << 0) | (1ULL << 15) | (1ULL << 30) | (1ULL << 45));
  EXPECT_EQ(cron.minutes, 1U);
  EXPECT_EQ(cron.hours, 1U << 12);
}

TEST(CronSyntax, WordsStandForExpressions) {
  expect_same("@hourly", "0 * * * *");
  expect_same("@Daily", "0 0 * * *");
  expect_same("@weekly", "0 0 * * 0");
  expect_same("@yearly", "0 0 1 1 *");
  EXPECT_EQ(parsed("@every 1h30m").every_seconds, 5400);
  EXPECT_EQ(parsed("  @every 90s ").every_seconds, 90);
}

TEST(CronSyntax, DaysHaveFormsOfTheirOwn) {
  EXPECT_EQ(parsed("0 0 L,15W,L-2 * *").days_to_last, 0b101U);
  EXPECT_EQ(parsed("0 0 L,15W * *").near_days, 1U << 15);
  EXPECT_TRUE(parsed("0 0 LW * ?").last_workday);
  EXPECT_EQ(parsed("0 0 ? * friL").last_weekdays, 1U << 5);
  EXPECT_EQ(parsed("0 0 ? * 5L,7L").last_weekdays, (1U << 5) | 1U);
  expect_same("0 0 * * L5", "0 0 * * 5L");
  EXPECT_EQ(parsed("0 0 * * fri#2").nth_weekdays, 1ULL << (5 * 5 + 1));
}

// A literal is checked where it is written.
static_assert(parse_cron("0 2 * * *").ok());
static_assert(parse_cron("0 0 29 2 *").ok());
static_assert(parse_cron("0 0 30 2 *").problem ==
              CronProblem{CronFault::kNever, CronField::kDay, 4, 2});
static_assert(!parse_cron("0 0 31W 2,4 *").ok());
static_assert(parse_cron("0 0 30 2 fri").ok(), "either of the days suffices");

TEST(CronProblems, TheCaretStandsUnderWhatIsMeant) {
  EXPECT_EQ(refusal("0 0 30 2 *"),
            "cron '0 0 30 2 *', day of month: it can never fire: no month that it names has such a "
            "day; L is the last day of each\n"
            "    0 0 30 2 *\n"
            "        ^~");
  EXPECT_EQ(refusal("0 0 * * mon-frii"),
            "cron '0 0 * * mon-frii', day of week: 'frii' is no value of this field: it has 0 to 7 "
            "(0 and 7 are Sunday) or sun to sat. Did you mean 'fri'?\n"
            "    0 0 * * mon-frii\n"
            "                ^~~~");
  EXPECT_EQ(refusal("0 24 * * *"),
            "cron '0 24 * * *', hour: '24' is out of range: the field has 0 to 23\n"
            "    0 24 * * *\n"
            "      ^~");
  EXPECT_EQ(refusal("0 2 * *"),
            "cron '0 2 * *': it has 4 fields; five are due (minute hour day month weekday), or six "
            "with seconds in front\n"
            "    0 2 * *\n"
            "           ^");
}

TEST(CronProblems, EachFaultIsNamed) {
  const auto says = [](std::string_view text, std::string_view words) {
    EXPECT_NE(refusal(text).find(words), std::string::npos) << refusal(text);
  };
  says("", "it is empty");
  says("@dayly", "Did you mean '@daily'?");
  says("@reboot", "is no time");
  says("@every 10", "a length of a second or more");
  says("@every 0s", "a length of a second or more");
  says("@every", "a length of a second or more");
  says("@daily 5", "'5' stands behind what is complete");
  says("1,,2 * * * *", "a value is missing");
  says("1- * * * *", "a value is missing");
  says("*/0 * * * *", "'/0' is no step");
  says("*/90 * * * *", "@every 90m");
  says("? * * * *", "write *");
  says("0 0 * * fri#6", "1 to 5");
  says("0 0 * * L", "6L for the month's last one");
  says("0 L * * *", "L and W belong");
  says("0 0 * * 3W", "L and W belong");
  says("0 0 32 * *", "1 to 31");
  says("0 0 0 * *", "'0' is out of range");
  says("0 0 1 * * 2 3", "it has 7 fields");
  says("99999999999999999999 * * * *", "out of range");
  says("5x * * * *", "'x' stands behind");
}

TEST(CronWords, AnExpressionIsAPhrase) {
  const auto phrase = [](std::string_view text) { return describe(parsed(text)); };
  EXPECT_EQ(phrase("0 2 * * 1-5"), "at 02:00 on weekdays");
  EXPECT_EQ(phrase("30 2,14 * * *"), "at 02:30 and 14:30");
  EXPECT_EQ(phrase("*/15 9-17 * * mon-fri"), "every 15 minutes of hours 09 to 17 on weekdays");
  EXPECT_EQ(phrase("* * * * *"), "every minute");
  EXPECT_EQ(phrase("0 * * * *"), "every hour");
  EXPECT_EQ(phrase("0 */6 * * *"), "at 00:00, 06:00, 12:00 and 18:00");
  EXPECT_EQ(phrase("45 * * * *"), "at minute 45 of every hour");
  EXPECT_EQ(phrase("0 0 1 * *"), "at 00:00 on the 1st of the month");
  EXPECT_EQ(phrase("0 0 L * *"), "at 00:00 on the last day of the month");
  EXPECT_EQ(phrase("0 6 ? * fri#2"), "at 06:00 on the 2nd Friday of the month");
  EXPECT_EQ(phrase("0 0 13 * fri"), "at 00:00 on the 13th of the month or on Fridays");
  EXPECT_EQ(phrase("0 0 1 1,4,7,10 *"),
            "at 00:00 on the 1st of the month in January, April, July and October");
  EXPECT_EQ(phrase("*/10 * * * * *"), "every 10 seconds");
  EXPECT_EQ(phrase("@every 90m"), "every 1 hour and 30 minutes");
}

}  // namespace
}  // namespace weir::calendar
