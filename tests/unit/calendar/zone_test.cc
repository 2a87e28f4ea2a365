// Zones as data: what the system's tables become, how their rule goes on behind them, and which
// instants a local time means.
// Each test stands alone; no clock is read.
#include "calendar/zone.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "calendar/posix_rule.h"
#include "scheduler/zones/zones.h"

namespace weir::calendar {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// UTC, two hours ahead in [1000 h, 2000 h), then one.
Zone made_up() {
  return Zone("Made/Up", {{Instant(seconds(0)), hours(0), "A"},
                          {Instant(hours(1000)), hours(2), "B"},
                          {Instant(hours(2000)), hours(1), "C"}});
}

TEST(ZoneTest, ALocalTimeMeansItsOnlyItsSecondOrTheFirstInstantAfter) {
  const Zone zone = made_up();
  EXPECT_EQ(zone.fires_at(LocalTime(hours(10))), Instant(hours(10)));
  EXPECT_EQ(zone.fires_at(LocalTime(hours(1000))), Instant(hours(1000))) << "the gap begins";
  EXPECT_EQ(zone.fires_at(LocalTime(hours(1001))), Instant(hours(1000)));
  EXPECT_EQ(zone.fires_at(LocalTime(hours(1002))), Instant(hours(1000))) << "the gap is over";
  EXPECT_EQ(zone.fires_at(LocalTime(hours(1003))), Instant(hours(1001)));
  EXPECT_EQ(zone.fires_at(LocalTime(hours(2000))), Instant(hours(1998)));
  EXPECT_EQ(zone.fires_at(LocalTime(hours(2001))), Instant(hours(2000))) << "the second of two";
  EXPECT_EQ(zone.fires_at(LocalTime(hours(2002) - seconds(1))), Instant(hours(2001) - seconds(1)));
  EXPECT_EQ(zone.fires_at(LocalTime(hours(2002))), Instant(hours(2001)));
  EXPECT_EQ(zone.to_local(Instant(hours(1500))), LocalTime(hours(1502)));
  EXPECT_EQ(zone.at(Instant(hours(-5))).abbreviation, "A") << "before the first, as the first";
}

TEST(ZoneTest, TheSystemsTablesAreRead) {
  const auto berlin = zones::load_zone("Europe/Berlin");
  ASSERT_TRUE(berlin.ok()) << berlin.status().text();
  EXPECT_EQ(berlin->at(Instant(seconds(1679792399))).abbreviation, "CET");
  EXPECT_EQ(berlin->at(Instant(seconds(1679792400))).abbreviation, "CEST");
  EXPECT_EQ(berlin->at(Instant(seconds(1679792400))).offset, hours(2));
  EXPECT_GT(zones::zone_names().size(), 300U);
}

// The tables end in 2037 and the calendar repeats itself after 28 years.
TEST(ZoneTest, WhatIsBehindTheTablesGoesOnByTheirRule) {
  const Instant begin = std::chrono::sys_days(std::chrono::year(2036) / 1 / 1);
  const Instant later = std::chrono::sys_days(std::chrono::year(2064) / 1 / 1);
  const Instant tables_end = std::chrono::sys_days(std::chrono::year(2038) / 1 / 1);
  // Their summer time makes way for Ramadan, as far as their tables go.
  const std::set<std::string> by_the_moon = {"Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza",
                                             "Asia/Hebron"};
  int with_rule = 0;
  for (const std::string& name : zones::zone_names()) {
    const auto zone = zones::load_zone(name);
    ASSERT_TRUE(zone.ok()) << zone.status().text();
    if (by_the_moon.contains(name)) continue;
    if (zone->spans().back().begin > tables_end) ++with_rule;
    for (hours hour(0); hour < hours(366 * 24); ++hour) {
      const ZoneSpan &now = zone->at(begin + hour), &then = zone->at(later + hour);
      ASSERT_EQ(now.offset, then.offset) << name << " after " << hour.count() << " h";
      ASSERT_EQ(now.abbreviation, then.abbreviation) << name;
    }
  }
  EXPECT_GT(with_rule, 50);
}

TEST(ZoneTest, WhatIsNoRuleIsRefused) {
  const Instant begin{}, end = begin + hours(24 * 366);
  for (const char* text :
       {"", "CE-1", "CETCEST", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M1",
        "CET-1CEST,M3.5.0,M10.5.0/3x", "<+03-3", "CET-999"}) {
    EXPECT_FALSE(spans_of_rule(text, begin, end).ok()) << text;
  }
  const auto julian = spans_of_rule("AAA3BBB,J60/0,300/1", begin, end);
  ASSERT_TRUE(julian.ok()) << julian.status().text();
  ASSERT_EQ(julian->size(), 3U);
  EXPECT_EQ((*julian)[1].begin, Instant(hours(59 * 24 + 3))) << "the 1st of March";
  EXPECT_EQ((*julian)[2].begin, Instant(hours(300 * 24 + 1 + 2)));
}

TEST(ZoneTest, AnUnknownNameIsRefusedWithTheNearest) {
  const auto zone = zones::load_zone("Europe/Berlim");
  ASSERT_FALSE(zone.ok());
  EXPECT_EQ(zone.status().error(), base::kErrTimeZone);
  EXPECT_EQ(zone.status().message(),
            "no time zone is named 'Europe/Berlim'. Did you mean 'Europe/Berlin'? Zones have their "
            "IANA names, like Europe/Berlin");
}

}  // namespace
}  // namespace weir::calendar
