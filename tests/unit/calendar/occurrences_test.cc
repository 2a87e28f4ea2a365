// The nominal times of a schedule: several expressions as one, limits at their edges, days off by
// the clock of the zone.
// Each test stands alone; no clock is read.
#include "calendar/occurrences.h"

#include <gtest/gtest.h>

#include "scheduler/zones/zones.h"
#include "weir/impl/cron/cron_syntax.h"

namespace weir::calendar {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Instant day_at(int year, unsigned month, unsigned day, int hour) {
  return std::chrono::sys_days(std::chrono::year(year) / month / day) + hours(hour);
}

Occurrences make(const std::vector<std::string>& crons, const std::string& zone,
                 Occurrences::Limits limits = {}, DaysOff days_off = {}) {
  std::vector<Cron> parsed;
  for (const std::string& text : crons) parsed.push_back(parse_cron(text).cron);
  return Occurrences(parsed, std::make_shared<const Zone>(*zones::load_zone(zone)), limits,
                     std::move(days_off));
}

TEST(OccurrencesTest, SeveralExpressionsAreOneSequence) {
  const auto both = make({"0 6 * * *", "0 */12 * * *", "0 12 * * *"}, "UTC");
  std::vector<int> found;
  Instant t = day_at(2024, 5, 1, 0);
  for (int i = 0; i < 4; ++i) {
    t = both.next_after(t)->at;
    found.push_back(int((t - day_at(2024, 5, 1, 0)) / hours(1)));
  }
  EXPECT_EQ(found, (std::vector<int>{6, 12, 24, 30})) << "12:00 of two expressions is one time";
  EXPECT_EQ(both.last_until(day_at(2024, 5, 1, 11))->at, day_at(2024, 5, 1, 6));
}

TEST(OccurrencesTest, TheStartIsWithinAndTheEndIsNot) {
  const auto limited =
      make({"0 6 * * *"}, "UTC", {.start = day_at(2024, 5, 2, 6), .end = day_at(2024, 5, 4, 6)});
  EXPECT_EQ(limited.next_after(day_at(2024, 1, 1, 0))->at, day_at(2024, 5, 2, 6));
  EXPECT_EQ(limited.next_after(day_at(2024, 5, 2, 6))->at, day_at(2024, 5, 3, 6));
  EXPECT_EQ(limited.next_after(day_at(2024, 5, 3, 6)), std::nullopt);
  EXPECT_EQ(limited.last_until(day_at(2025, 1, 1, 0))->at, day_at(2024, 5, 3, 6));
  EXPECT_EQ(limited.last_until(day_at(2024, 5, 2, 6) - seconds(1)), std::nullopt);
}

TEST(OccurrencesTest, ADayOffIsOneByTheClockOfTheZone) {
  const auto new_year = std::chrono::local_days(std::chrono::year(2025) / 1 / 1);
  const auto schedule = make({"30 1 * * *"}, "Asia/Tokyo", {}, {{new_year, "japan"}});
  // 01:30 in Tokyo is 16:30 UTC of the day before.
  const auto off = schedule.next_after(day_at(2024, 12, 31, 0));
  ASSERT_TRUE(off);
  EXPECT_EQ(*off, (Occurrence{day_at(2024, 12, 31, 16) + std::chrono::minutes(30), "japan"}));
  EXPECT_EQ(schedule.next_after(off->at)->day_off, "");
  EXPECT_EQ(schedule.last_until(off->at), off);
}

}  // namespace
}  // namespace weir::calendar
