// Features: the distance against published figures, the encodings at known times, and above all
// that rolling means come from the past alone.
// Pure values, no clock, no files.
#include "flight_features.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "audit.h"
#include "civil_time.h"

namespace flight_delays {
namespace {

const std::vector<Airport> kAirports = {
    {"JFK", "John F Kennedy Intl", "New York", "NY", "USA", 40.63975111, -73.77892556},
    {"LAX", "Los Angeles International", "Los Angeles", "CA", "USA", 33.94253611, -118.4080744},
};

Flight flight(int day, int hour, std::int64_t delay, const char* from = "JFK",
              const char* to = "LAX") {
  const std::int64_t minute =
      *parse_minute("2001/01/01 00:00") + (day - 1) * kMinutesPerDay + hour * kMinutesPerHour;
  return {minute, from, to, delay};
}

// 2,475 miles is what the airlines publish for the route; a sphere is within 0.5 % of the
// ellipsoid.
TEST(Distance, MatchesPublishedFigures) {
  EXPECT_NEAR(great_circle_miles(40.63975111, -73.77892556, 33.94253611, -118.4080744), 2475,
              0.005 * 2475);
  EXPECT_NEAR(great_circle_miles(0, 0, 0, 180), 12'437, 1);  // half way around
  EXPECT_DOUBLE_EQ(great_circle_miles(10, 20, 10, 20), 0);
}

TEST(Encoding, PutsTimesOnTheUnitCircle) {
  const auto features = build_features({flight(1, 6, 0)}, kAirports, {});  // a Monday, 06:00
  ASSERT_EQ(features.rows.size(), 1u);
  EXPECT_NEAR(features.rows[0].hour_sin, 1, 1e-12);
  EXPECT_NEAR(features.rows[0].hour_cos, 0, 1e-12);
  EXPECT_NEAR(features.rows[0].half_day_sin, 0, 1e-12);
  EXPECT_NEAR(features.rows[0].weekday_sin, 0, 1e-12);
  EXPECT_NEAR(features.rows[0].weekday_cos, 1, 1e-12);
}

TEST(RollingMean, CountsOnlyFlightsWhoseDelayIsKnownAndRecent) {
  const FeatureParams params{.window_days = 7, .known_after_hours = 24, .prior_flights = 0};
  const auto features = build_features({flight(1, 11, 1000), flight(2, 13, 10), flight(3, 12, 30),
                                        flight(9, 13, 500), flight(10, 12, 0)},
                                       kAirports, params);
  // Day 10, 12:00: known are departures in [day 2 12:00, day 9 12:00).
  EXPECT_DOUBLE_EQ(features.rows.back().origin_delay, 20);
  EXPECT_DOUBLE_EQ(features.rows.back().network_delay, 20);
}

TEST(RollingMean, DoesNotChangeWithTheFuture) {
  std::vector<Flight> flights;
  for (int day = 1; day <= 20; ++day) flights.push_back(flight(day, 9, day * 3));
  const auto before = build_features(flights, kAirports, {});
  for (std::size_t i = 12; i < flights.size(); ++i) flights[i].delay_minutes = 9'999;
  const auto after = build_features(flights, kAirports, {});
  for (std::size_t i = 0; i <= 12; ++i) {  // row 12 has a new label but the same past
    EXPECT_EQ(before.rows[i].origin_delay, after.rows[i].origin_delay) << i;
    EXPECT_EQ(before.rows[i].destination_delay, after.rows[i].destination_delay) << i;
    EXPECT_EQ(before.rows[i].network_delay, after.rows[i].network_delay) << i;
  }
  EXPECT_NE(before.rows.back().origin_delay, after.rows.back().origin_delay);
}

TEST(RollingMean, IsDrawnTowardsTheNetworkWhereFlightsAreFew) {
  const FeatureParams params{.window_days = 7, .known_after_hours = 0, .prior_flights = 1};
  const auto features = build_features(
      {flight(1, 1, 10, "LAX", "JFK"), flight(1, 2, 40), flight(1, 3, 0)}, kAirports, params);
  EXPECT_DOUBLE_EQ(features.rows[2].network_delay, 25);
  EXPECT_DOUBLE_EQ(features.rows[2].origin_delay, (40 + 25) / 2.0);
}

TEST(Features, CountFlightsOfUnknownAirports) {
  const auto features =
      build_features({flight(1, 1, 0, "JFK", "ZZZ"), flight(1, 2, 0)}, kAirports, {});
  EXPECT_EQ(features.unknown_airport, 1);
  EXPECT_EQ(features.rows.size(), 1u);
}

TEST(Features, RefuseFlightsOutOfOrder) {
  EXPECT_THROW(build_features({flight(2, 0, 0), flight(1, 0, 0)}, kAirports, {}),
               std::invalid_argument);
}

TEST(Audit, NamesTheOffendingRow) {
  auto rows = build_features({flight(1, 1, 0), flight(1, 2, 0)}, kAirports, {}).rows;
  EXPECT_TRUE(audit_not_null(rows).ok());
  EXPECT_TRUE(audit_unique(rows).ok());
  EXPECT_TRUE(audit_ranges(rows).ok());
  EXPECT_FALSE(audit_row_count(rows).ok());
  rows[1].distance_miles = std::nan("");
  EXPECT_NE(audit_not_null(rows).problem.find("2001-01-01 02:00 JFK-LAX"), std::string::npos);
  EXPECT_FALSE(audit_ranges(rows).ok());
  rows[1] = rows[0];
  EXPECT_EQ(audit_unique(rows).offending_rows, 1u);
  rows[1].hour_sin = 2;
  EXPECT_FALSE(audit_ranges(rows).ok());
}

}  // namespace
}  // namespace flight_delays
