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

std::chrono::local_days local_day(int year, unsigned month, unsigned day) {
  return std::chrono::local_days(std::chrono::year(year) / month / day);
}

TEST(OccurrencesTest, DaysOffOfOneCalendarThatFollowEachOtherAreAlike) {
  const auto daily = make({"0 6,18 * * *"}, "UTC", {},
                          {{local_day(2024, 12, 25), "holidays"},
                           {local_day(2024, 12, 26), "holidays"},
                           {local_day(2024, 12, 27), "move"}});
  const Instant end = day_at(2024, 12, 31, 12);
  std::vector<Instant> ends;
  for (auto first = daily.next_after(day_at(2024, 12, 23, 12)); first && first->at <= end;
       first = daily.next_after(ends.back())) {
    ends.push_back(daily.last_alike(*first, end).at);
  }
  EXPECT_EQ(ends, (std::vector<Instant>{day_at(2024, 12, 24, 18), day_at(2024, 12, 26, 18),
                                        day_at(2024, 12, 27, 18), day_at(2024, 12, 31, 6)}));
}

TEST(OccurrencesTest, ADayOffEndsWhereTheNextDayBeginsAlsoAtAMidnightThatComesTwice) {
  // Havana, 2023-11-05: at 01:00 it is 00:00 once more.
  for (const bool second_day : {false, true}) {
    const auto minutes = make({"* * * * *"}, "America/Havana", {},
                              {{local_day(2023, 11, second_day ? 5 : 4), "off"}});
    const auto first = minutes.next_after(day_at(2023, 11, 4, 20));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->day_off.empty(), second_day);
    EXPECT_EQ(minutes.last_alike(*first, day_at(2023, 11, 5, 20)).at,
              day_at(2023, 11, 5, 4) - std::chrono::minutes(1));
  }
}

TEST(OccurrencesTest, WhatIsAlikeEndsAtTheLatestWhereItIsAsked) {
  const auto hourly = make({"0 * * * *"}, "UTC", {}, {{local_day(2024, 12, 25), "holidays"}});
  const auto off = hourly.next_after(day_at(2024, 12, 25, 1));
  EXPECT_EQ(hourly.last_alike(*off, day_at(2024, 12, 25, 5)).at, day_at(2024, 12, 25, 5));
  const auto due = hourly.next_after(day_at(2024, 12, 26, 1));
  EXPECT_EQ(hourly.last_alike(*due, day_at(2024, 12, 28, 5)).at, day_at(2024, 12, 28, 5));
  EXPECT_EQ(hourly.last_alike(*due, due->at).at, due->at);
}

}  // namespace
}  // namespace weir::calendar
