// Cleaning and the calendar below it: which rows stay, under which heading the others are counted.
// Pure values, no clock, no files.
// Dates are checked against values worked out by hand.
#include "clean.h"

#include <gtest/gtest.h>

#include "civil_time.h"

namespace flight_delays {
namespace {

RawFlight good() { return {"2001/01/10 18:20", 5, 400, "SFO", "LAX"}; }

TEST(Clean, KeepsGoodRowsInOrderOfDeparture) {
  RawFlight later = good();
  later.date = "2001/01/10 18:21";
  const Cleaned cleaned = clean({later, good()});
  ASSERT_EQ(cleaned.flights.size(), 2u);
  EXPECT_LT(cleaned.flights[0].minute, cleaned.flights[1].minute);
  EXPECT_EQ(cleaned.flights[0].origin, "SFO");
  EXPECT_EQ(cleaned.flights[0].delay_minutes, 5);
}

TEST(Clean, CountsEachBadRowUnderOneHeading) {
  RawFlight date = good();
  date.date = "2001/02/29 10:00";
  date.delay_minutes.reset();  // two faults, one count
  RawFlight code = good();
  code.origin = "sfo";
  RawFlight loop = good();
  loop.destination = loop.origin;
  RawFlight delay = good();
  delay.delay_minutes.reset();
  RawFlight distance = good();
  distance.distance_miles = 0;
  const Cleaned cleaned = clean({date, code, loop, delay, distance});
  EXPECT_TRUE(cleaned.flights.empty());
  EXPECT_EQ(cleaned.bad_date, 1);
  EXPECT_EQ(cleaned.bad_airport, 2);
  EXPECT_EQ(cleaned.missing_delay, 1);
  EXPECT_EQ(cleaned.bad_distance, 1);
}

TEST(Clean, KeepsTheFirstOfTwoRowsThatCannotBeToldApart) {
  RawFlight second = good();
  second.delay_minutes = 99;
  const Cleaned cleaned = clean({good(), second});
  ASSERT_EQ(cleaned.flights.size(), 1u);
  EXPECT_EQ(cleaned.flights[0].delay_minutes, 5);
  EXPECT_EQ(cleaned.duplicates, 1);
}

TEST(CivilTime, CountsMinutesFromTheEpoch) {
  EXPECT_EQ(parse_minute("1970/01/01 00:00"), 0);
  EXPECT_EQ(parse_minute("1970/01/02 01:05"), 24 * 60 + 65);
  EXPECT_EQ(parse_minute("2001/01/01 00:00"), 978307200 / 60);
}

TEST(CivilTime, RefusesWhatIsNoMinute) {
  for (const char* text :
       {"", "2001-01-10 18:20", "2001/13/10 18:20", "2001/02/29 18:20", "2001/01/10 24:00",
        "2001/01/10 18:60", "2001/01/10 18:2x", "2001/01/10 -1:20", "2001/01/10 18:20 "}) {
    EXPECT_FALSE(parse_minute(text).has_value()) << text;
  }
}

TEST(CivilTime, KnowsHourAndWeekday) {
  const auto minute = parse_minute("2001/01/10 18:30");  // a Wednesday
  ASSERT_TRUE(minute.has_value());
  EXPECT_DOUBLE_EQ(hour_of_day(*minute), 18.5);
  EXPECT_EQ(weekday_from_monday(*minute), 2);
  EXPECT_EQ(format_minute(*minute), "2001-01-10 18:30");
}

}  // namespace
}  // namespace flight_delays
