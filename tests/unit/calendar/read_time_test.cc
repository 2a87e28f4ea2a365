// Days and times of schedules as text: what the forms mean, and where the caret stands in what has
// none of them. And the table of zone names against the system's.
// Zones come from the system's tables.
#include "calendar/read_time.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/zones/zones.h"
#include "weir/impl/cron/zone_names.h"

namespace weir::calendar {
namespace {

using ::testing::HasSubstr;

Zone berlin() { return zones::load_zone("Europe/Berlin").value(); }

Instant utc(std::string_view text) { return read_time(text, Zone::utc()).value(); }

TEST(ReadTime, ReadsByTheClockOfTheZoneUnlessAnOffsetIsGiven) {
  EXPECT_EQ(read_time("2026-12-01", berlin()).value(), utc("2026-11-30T23:00"));
  EXPECT_EQ(read_time("2026-07-01T09:00", berlin()).value(), utc("2026-07-01T07:00:00"));
  EXPECT_EQ(read_time("2026-07-01T09:00:30Z", berlin()).value(), utc("2026-07-01T09:00:30"));
  EXPECT_EQ(read_time("2026-07-01T09:00+05:30", berlin()).value(), utc("2026-07-01T03:30"));
  EXPECT_EQ(read_time("2026-07-01T09:00-03:00", berlin()).value(), utc("2026-07-01T12:00"));
}

TEST(ReadTime, ATimeThatTheClockSkipsIsTheFirstOneAfterIt) {
  EXPECT_EQ(read_time("2026-03-29T02:30", berlin()).value(), utc("2026-03-29T01:00"));
}

TEST(ReadTime, RefusesWhatHasNoneOfTheFormsWithACaret) {
  for (const char* text : {"", "2026", "2026-1-1", "2026-12-01 09:00", "2026-12-01T", "tomorrow",
                           "2026-12-01T09", "2026-12-01T09:00:", "2026-12-01T09:00Zz",
                           "2026-12-01T09:00+1", "2026-12-01Z", " 2026-12-01", "02026-12-01"}) {
    EXPECT_EQ(parse_time(text).fault, TimeFault::kForm) << text;
    EXPECT_THAT(check_time(text).message(), HasSubstr("^")) << text;
  }
  EXPECT_EQ(parse_time("2026-13-01").fault, TimeFault::kNoDay);
  EXPECT_EQ(parse_time("2026-02-29").fault, TimeFault::kNoDay);
  EXPECT_EQ(parse_time("2100-02-29T00:00").fault, TimeFault::kNoDay);
  EXPECT_EQ(parse_time("2026-12-01T24:00").fault, TimeFault::kNoClock);
  EXPECT_EQ(parse_time("2026-12-01T10:60").fault, TimeFault::kNoClock);
  EXPECT_EQ(parse_time("2026-12-01T10:00+24:00").fault, TimeFault::kNoOffset);
  EXPECT_THAT(check_time("2026-12-01T24:00").message(),
              HasSubstr("    2026-12-01T24:00\n               ^~~~~"));
}

TEST(ReadTime, ReadsDaysOnly) {
  using std::chrono::local_days;
  const local_days leap{std::chrono::year(2028) / 2 / 29};
  EXPECT_EQ(read_day("2028-02-29").value(), leap);
  EXPECT_THAT(read_day("2026-12-25T00:00").status().message(), HasSubstr("like 2026-12-25"));
  EXPECT_THAT(read_day("2026-06-31").status().message(), HasSubstr("no such day"));
}

TEST(ReadTime, ComparesTimesOfTheSameClock) {
  EXPECT_EQ(is_after("2027-01-01", "2026-12-01"), true);
  EXPECT_EQ(is_after("2026-12-01", "2026-12-01T00:00"), false);
  EXPECT_EQ(is_after("2026-12-01T10:00+02:00", "2026-12-01T09:00Z"), false);
  EXPECT_EQ(is_after("2026-12-01", "2026-11-01T09:00Z"), std::nullopt);
}

static_assert(parse_time("2026-12-01T09:00+01:00").offset_minutes == 60);
static_assert(is_zone_name("Europe/Berlin") && is_zone_name("US/Eastern") && is_zone_name("UTC"));
static_assert(is_zone_name("Africa/Abidjan") && is_zone_name("Zulu"));
static_assert(!is_zone_name("Europe/Berln") && !is_zone_name("") && !is_zone_name("Zulu ") &&
              !is_zone_name("Europe/Berlin Europe/Bratislava") && !is_zone_name("europe/berlin"));

TEST(ZoneNames, TheTableHasTheSystemsZones) {
  const std::vector<std::string> system = zones::zone_names();
  ASSERT_FALSE(system.empty());
  std::vector<std::string> table(1);
  for (const char c : std::string_view(kZoneNames)) {
    if (c == ' ') {
      table.emplace_back();
    } else {
      table.back() += c;
    }
  }
  EXPECT_TRUE(std::is_sorted(table.begin(), table.end()));
  std::vector<std::string> missing;
  for (const std::string& name : system) {
    if (name == "localtime") continue;  // the machine's own setting, another one on each
    if (!is_zone_name(name)) missing.push_back(name);
  }
  EXPECT_THAT(missing, ::testing::IsEmpty()) << "run calendar/zone_table.py";
  std::vector<std::string> unknown;
  for (const std::string& name : table) {
    EXPECT_TRUE(is_zone_name(name)) << name;
    if (std::find(system.begin(), system.end(), name) == system.end()) unknown.push_back(name);
  }
  EXPECT_THAT(unknown, ::testing::IsEmpty()) << "is the package tzdata older than the table?";
}

}  // namespace
}  // namespace weir::calendar
