// Turns raw rows into flights: parses, drops what is bad or doubled, and counts what it dropped.
// Pure functions, any thread.
// It must not repair a row: a guess would hide an error of the source.
#pragma once

#include <cstdint>
#include <vector>

#include "values.h"

namespace flight_delays {

// What cleaning kept and what it dropped, and why.
struct Cleaned {
  std::vector<Flight> flights;  // in order of departure, then origin, then destination
  std::int64_t bad_date = 0;
  std::int64_t bad_airport = 0;  // no three-letter code, or both the same
  std::int64_t missing_delay = 0;
  std::int64_t bad_distance = 0;  // absent or not positive
  std::int64_t duplicates = 0;    // same departure and route as an earlier row
};

// The data carries no flight number, so two rows with the same departure, origin and destination
// cannot be told apart: the first one stays.
Cleaned clean(const std::vector<RawFlight>& raw);

}  // namespace flight_delays
