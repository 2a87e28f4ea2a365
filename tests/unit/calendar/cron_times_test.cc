// When expressions fire: the table of the semantics, days that do not exist, both directions.
// Over the zones of the system, at instants that are written down: no clock is read.
// Each test stands alone.
#include "calendar/cron_times.h"

#include <vector>

#include <gtest/gtest.h>

#include "calendar/cron_text.h"
#include "scheduler/zones/zones.h"

namespace weir::calendar {
namespace {

using std::chrono::seconds;

Zone zone(const std::string& name) {
  const auto loaded = zones::load_zone(name);
  EXPECT_TRUE(loaded.ok()) << loaded.status().text();
  return loaded.ok() ? *loaded : Zone::utc();
}

Cron cron(std::string_view text) {
  const auto read = read_cron(text);
  EXPECT_TRUE(read.ok()) << read.status().text();
  return read.ok() ? *read : Cron();
}

Instant utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  return std::chrono::sys_days(std::chrono::year(year) / month / day) + std::chrono::hours(hour) +
         std::chrono::minutes(minute);
}

// "03-26 01:00" in UTC of each time in [from, to).
std::vector<std::string> fires(std::string_view text, const std::string& in, Instant from,
                               Instant to) {
  const Zone where = zone(in);
  const Cron when = cron(text);
  std::vector<std::string> times;
  auto at = next_after(when, where, from - seconds(1));
  for (; at && *at < to && times.size() < 100; at = next_after(when, where, *at)) {
    const std::time_t time = at->time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&time, &parts);
    char buffer[32];
    std::strftime(buffer, sizeof buffer, "%m-%d %H:%M", &parts);
    times.push_back(buffer);
  }
  return times;
}
using Times = std::vector<std::string>;

TEST(CronTimes, AWallClockTimeInTheGapFiresAfterItAndARepeatedOneOnceLate) {
  const auto at = [](std::string_view text, Instant after) {
    return next_after(cron(text), zone("Europe/Berlin"), after)->time_since_epoch().count();
  };
  EXPECT_EQ(at("30 2 * * *", utc(2023, 3, 25, 12)), 1679792400);
  EXPECT_EQ(at("30 2 * * *", utc(2023, 10, 28, 12)), 1698543000);
  EXPECT_EQ(at("0 2 * * *", utc(2023, 10, 28, 12)), 1698541200);
  EXPECT_EQ(fires("30 2 * * *", "Europe/Berlin", utc(2023, 10, 28, 12), utc(2023, 10, 30)),
            (Times{"10-29 01:30"}));
  EXPECT_EQ(fires("0,30 2 * * *", "Europe/Berlin", utc(2023, 3, 25, 12), utc(2023, 3, 26, 12)),
            (Times{"03-26 01:00"}))
      << "two times of one gap are one tick";
}

TEST(CronTimes, AnIntervalJobFiresByTheClockThatIsShown) {
  EXPECT_EQ(fires("45 * * * *", "Europe/Berlin", utc(2023, 3, 26, 0), utc(2023, 3, 26, 2)),
            (Times{"03-26 00:45", "03-26 01:45"}));
  EXPECT_EQ(fires("45 * * * *", "Europe/Berlin", utc(2023, 10, 28, 23), utc(2023, 10, 29, 3)),
            (Times{"10-28 23:45", "10-29 00:45", "10-29 01:45", "10-29 02:45"}));
}

TEST(CronTimes, AStarWithAStepStillCounts) {
  EXPECT_EQ(fires("0 0 */10 * *", "UTC", utc(2024, 1, 1), utc(2024, 3, 2)),
            (Times{"01-01 00:00", "01-11 00:00", "01-21 00:00", "01-31 00:00", "02-01 00:00",
                   "02-11 00:00", "02-21 00:00", "03-01 00:00"}));
}

TEST(CronTimes, LeapDaysAreWaitedFor) {
  EXPECT_EQ(next_after(cron("2 4 29 2 *"), Zone::utc(), utc(2096, 3, 1)), utc(2104, 2, 29, 4, 2));
  // A fifth Monday in February: every 28 years, and 40 over a century without a leap day.
  EXPECT_EQ(next_after(cron("0 0 * 2 mon#5"), Zone::utc(), utc(2072, 3, 1)), utc(2112, 2, 29));
}

TEST(CronTimes, DaysOfTheMonthsEnd) {
  EXPECT_EQ(fires("0 0 L * *", "UTC", utc(2024, 1, 1), utc(2024, 4, 1)),
            (Times{"01-31 00:00", "02-29 00:00", "03-31 00:00"}));
  EXPECT_EQ(fires("0 0 LW * *", "UTC", utc(2024, 3, 1), utc(2024, 5, 1)),
            (Times{"03-29 00:00", "04-30 00:00"}));
  // The 15th of June 2024 is a Saturday, the 1st a Saturday too, the 30th a Sunday.
  EXPECT_EQ(fires("0 0 1W,15W,30W 6 *", "UTC", utc(2024, 6, 1), utc(2024, 7, 1)),
            (Times{"06-03 00:00", "06-14 00:00", "06-28 00:00"}));
  EXPECT_EQ(fires("0 0 * * fri#2,friL", "UTC", utc(2024, 5, 1), utc(2024, 6, 1)),
            (Times{"05-10 00:00", "05-31 00:00"}));
  EXPECT_EQ(fires("0 0 13 * fri", "UTC", utc(2024, 9, 10), utc(2024, 9, 22)),
            (Times{"09-13 00:00", "09-20 00:00"}));
}

TEST(CronTimes, ZonesOfEveryKindFollowTheSameRule) {
  // Half an hour of summer time.
  EXPECT_EQ(fires("15 2 * * *", "Australia/Lord_Howe", utc(2023, 9, 30), utc(2023, 10, 2)),
            (Times{"09-30 15:30", "10-01 15:15"}));
  // The clock goes from midnight to one: the day begins at one.
  EXPECT_EQ(fires("0 0 * * *", "America/Havana", utc(2023, 3, 11), utc(2023, 3, 13)),
            (Times{"03-11 05:00", "03-12 05:00"}));
  // The 30th of December 2011 did not take place.
  EXPECT_EQ(fires("0 9 30 12 *", "Pacific/Apia", utc(2011, 12, 1), utc(2012, 1, 31)),
            (Times{"12-30 10:00"}));
  // Winter is the exception in Dublin's tables.
  EXPECT_EQ(fires("30 1 * * *", "Europe/Dublin", utc(2023, 10, 28, 12), utc(2023, 10, 29, 12)),
            (Times{"10-29 01:30"}));
}

TEST(CronTimes, EveryCountsFromTheEpoch) {
  EXPECT_EQ(next_after(cron("@every 7s"), Zone::utc(), Instant(seconds(13))), Instant(seconds(14)));
  EXPECT_EQ(next_after(cron("@every 7s"), Zone::utc(), Instant(seconds(14))), Instant(seconds(21)));
  EXPECT_EQ(next_after(cron("@every 7s"), Zone::utc(), Instant(seconds(-1))), Instant(seconds(0)));
}

TEST(CronTimes, TheLastTimeIsTheOneAfterWhichNoneIs) {
  const Zone where = zone("Europe/Berlin");
  for (const char* text :
       {"* * * * * *", "30 2 * * *", "45 * * * *", "0 0 29 2 *", "@every 7s", "0 9 * * mon-fri"}) {
    for (const Instant t : {utc(2023, 3, 26, 1), utc(2023, 10, 29, 1, 30), utc(2024, 2, 29)}) {
      const auto last = last_until(cron(text), where, t);
      ASSERT_TRUE(last) << text;
      EXPECT_LE(*last, t) << text;
      EXPECT_GT(*next_after(cron(text), where, *last), t) << text;
      EXPECT_EQ(next_after(cron(text), where, *last - seconds(1)), *last) << text;
    }
  }
}

}  // namespace
}  // namespace weir::calendar
