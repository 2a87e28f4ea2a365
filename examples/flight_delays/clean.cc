// Cleaning, one row at a time; each bad row is counted under the first thing that is wrong with it,
// so that the counts and the kept rows add up to the input.
// Pure functions, any thread.
#include "clean.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "civil_time.h"

namespace flight_delays {
namespace {

bool is_code(const std::string& text) {
  return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

auto identity(const Flight& flight) {
  return std::tie(flight.minute, flight.origin, flight.destination);
}

}  // namespace

Cleaned clean(const std::vector<RawFlight>& raw) {
  Cleaned result;
  std::set<std::tuple<std::int64_t, std::string, std::string>> seen;
  for (const RawFlight& row : raw) {
    const auto minute = parse_minute(row.date);
    if (!minute) {
      ++result.bad_date;
    } else if (!is_code(row.origin) || !is_code(row.destination) || row.origin == row.destination) {
      ++result.bad_airport;
    } else if (!row.delay_minutes) {
      ++result.missing_delay;
    } else if (!row.distance_miles || *row.distance_miles <= 0) {
      ++result.bad_distance;
    } else if (!seen.emplace(*minute, row.origin, row.destination).second) {
      ++result.duplicates;
    } else {
      result.flights.push_back({*minute, row.origin, row.destination, *row.delay_minutes});
    }
  }
  std::sort(result.flights.begin(), result.flights.end(),
            [](const Flight& a, const Flight& b) { return identity(a) < identity(b); });
  return result;
}

}  // namespace flight_delays
