// What the model sees of a flight: distance, time of day, day of the week, and how late flights
// were lately. Everything about delays comes from the past of the flight, with a gap, because a
// delay is known only after landing. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "values.h"

namespace flight_delays {

// How the rolling means are taken.
struct FeatureParams {
  int window_days = 7;
  // A delay counts from this long after departure on. The longest flight here takes about ten hours
  // and the largest delay is nine: after 24 hours every one of them has landed.
  int known_after_hours = 24;
  // A mean over n flights is drawn towards the network's mean as if by this many flights of it.
  double prior_flights = 5;
};

// Great-circle distance in statute miles by the haversine formula: R. W. Sinnott, "Virtues of the
// Haversine", Sky & Telescope 68 (1984), 159; mean Earth radius 6371.0088 km (IUGG).
double great_circle_miles(double latitude_a, double longitude_a, double latitude_b,
                          double longitude_b);

// The sum and number of delays in any stretch of time. Times must be added in order.
class DelayHistory {
 public:
  void add(std::int64_t minute, double delay_minutes);

  struct Past {
    double sum = 0;
    std::int64_t flights = 0;
  };
  // Flights that departed in [from, until).
  Past between(std::int64_t from, std::int64_t until) const;

 private:
  std::vector<std::int64_t> minutes_;  // ascending
  std::vector<double> sums_{0};        // sums_[i]: delays of the first i flights
};

// The rows, and how many flights had no row because an airport is unknown.
struct Features {
  std::vector<FeatureRow> rows;  // in the order of the flights
  std::int64_t unknown_airport = 0;
};

// Flights must be in order of departure, as cleaning leaves them.
Features build_features(const std::vector<Flight>& flights, const std::vector<Airport>& airports,
                        const FeatureParams& params);

}  // namespace flight_delays
