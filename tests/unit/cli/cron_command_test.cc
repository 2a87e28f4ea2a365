// cron next and cron explain as people type them: the exact text, the zone that they speak of, and
// what bad input gets. No scheduler runs.
// Each test stands alone: every command sets the zone of the process anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/app.h"
#include "cli/invocation.h"

namespace weir::cli {
namespace {

using ::testing::HasSubstr;

struct CronOutput {
  int code = 0;
  std::string out;
  std::string err;
};

CronOutput cron(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "cron");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  CronOutput output;
  output.code = run_command_line(std::move(arguments));
  output.out = testing::internal::GetCapturedStdout();
  output.err = testing::internal::GetCapturedStderr();
  return output;
}

TEST(CronCommandTest, NextListsTheTimesOfTheZoneThatIsNamed) {
  const CronOutput output = cron(
      {"next", "30 2 * * *", "--tz", "Europe/Berlin", "--from", "2023-10-28 12:00", "-n", "2"});
  EXPECT_EQ(output.code, 0) << output.err;
  EXPECT_EQ(output.out,
            "FIRES                    UTC                          IN\n"
            "2023-10-29 02:30:00 CET  2023-10-29T01:30:00Z  15 h 30 m\n"
            "2023-10-30 02:30:00 CET  2023-10-30T01:30:00Z   1 d 15 h\n");
  EXPECT_THAT(output.err, HasSubstr("at 02:30, Europe/Berlin time"));
}

TEST(CronCommandTest, TheZoneIsUtcWhenNoneIsNamed) {
  const CronOutput output =
      cron({"next", "@daily", "--from", "2024-02-28", "-n", "3", "-o", "name"});
  EXPECT_EQ(output.out, "2024-02-29T00:00:00Z\n2024-03-01T00:00:00Z\n2024-03-02T00:00:00Z\n");
}

TEST(CronCommandTest, AnExpressionMayBeSeveralWords) {
  EXPECT_EQ(cron({"explain", "0", "9", "1", "1", "mon", "--from", "2024-12-30"}).out,
            "at 09:00 on the 1st of the month or on Mondays in January, UTC\n"
            "  next   2025-01-01 09:00:00 UTC\n"
            "  next   2025-01-06 09:00:00 UTC\n"
            "  next   2025-01-13 09:00:00 UTC\n");
}

TEST(CronCommandTest, ExplainSaysWhatHappensWhenTheClockIsSet) {
  const auto wall = cron({"explain", "0 2 * * mon-fri", "--tz", "Europe/Berlin"});
  EXPECT_THAT(wall.out, HasSubstr("at 02:00 on weekdays, Europe/Berlin time\n"));
  EXPECT_THAT(wall.out, HasSubstr("fires right after the gap"));
  EXPECT_THAT(cron({"explain", "*/15 * * * *", "--tz", "Europe/Berlin"}).out,
              HasSubstr("repeated ones fire twice"));
  EXPECT_THAT(cron({"explain", "@every 90s"}).out, HasSubstr("every 1 minute and 30 seconds"));
}

TEST(CronCommandTest, BadInputIsRefusedWithWhatToWrite) {
  const auto never = cron({"next", "0 0 30 2 *"});
  EXPECT_EQ(never.code, 2);
  EXPECT_THAT(never.err, HasSubstr("WEIR-E0213"));
  EXPECT_THAT(never.err, HasSubstr("    0 0 30 2 *\n        ^~\n"));
  const auto zone = cron({"next", "@daily", "--tz", "Europe/Berlim"});
  EXPECT_EQ(zone.code, 2);
  EXPECT_THAT(zone.err, HasSubstr("'Europe/Berlim'"));
  EXPECT_EQ(cron({"next", "@daily", "-n", "0"}).code, 2);
  EXPECT_EQ(cron({"next", "@daily", "--from", "yesterday"}).code, 2);
}

}  // namespace
}  // namespace weir::cli
