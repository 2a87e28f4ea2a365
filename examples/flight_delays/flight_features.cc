// Features in one pass over the flights in order of departure. The rolling means are answered from
// prefix sums, so a window of any length costs two binary searches.
// Pure functions, any thread; nothing here may look at a flight's own delay but to store the label.
#include "flight_features.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "civil_time.h"

namespace flight_delays {
namespace {

constexpr double kEarthRadiusMiles = 6371.0088 / 1.609344;
constexpr double kDaysPerWeek = 7;
constexpr double kHoursPerDay = 24;

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

// The stretch of time whose delays are known and recent at a departure.
struct Stretch {
  std::int64_t from = 0;
  std::int64_t until = 0;
};

Stretch known_past(std::int64_t departure, const FeatureParams& params) {
  const std::int64_t until = departure - params.known_after_hours * kMinutesPerHour;
  return {until - params.window_days * kMinutesPerDay, until};
}

// Histories by airport and of all flights.
struct Histories {
  std::unordered_map<std::string, DelayHistory> origins;
  std::unordered_map<std::string, DelayHistory> destinations;
  DelayHistory network;
};

double mean(const DelayHistory& history, Stretch past, double prior, double prior_flights) {
  const auto [sum, flights] = history.between(past.from, past.until);
  const double weight = static_cast<double>(flights) + prior_flights;
  return weight > 0 ? (sum + prior * prior_flights) / weight : prior;
}

void add_time(FeatureRow& row) {
  const double turn = 2 * std::numbers::pi;
  const double day = turn * hour_of_day(row.minute) / kHoursPerDay;
  const double week = turn * weekday_from_monday(row.minute) / kDaysPerWeek;
  row.hour_sin = std::sin(day);
  row.hour_cos = std::cos(day);
  row.half_day_sin = std::sin(2 * day);
  row.half_day_cos = std::cos(2 * day);
  row.weekday_sin = std::sin(week);
  row.weekday_cos = std::cos(week);
}

void add_past(FeatureRow& row, Histories& histories, const FeatureParams& params) {
  const Stretch past = known_past(row.minute, params);
  row.network_delay = mean(histories.network, past, 0, 0);
  row.origin_delay =
      mean(histories.origins[row.origin], past, row.network_delay, params.prior_flights);
  row.destination_delay =
      mean(histories.destinations[row.destination], past, row.network_delay, params.prior_flights);
}

}  // namespace

double great_circle_miles(double latitude_a, double longitude_a, double latitude_b,
                          double longitude_b) {
  const double half_latitude = std::sin(radians(latitude_b - latitude_a) / 2);
  const double half_longitude = std::sin(radians(longitude_b - longitude_a) / 2);
  const double h = half_latitude * half_latitude + std::cos(radians(latitude_a)) *
                                                       std::cos(radians(latitude_b)) *
                                                       half_longitude * half_longitude;
  return 2 * kEarthRadiusMiles * std::asin(std::sqrt(std::min(1.0, h)));
}

void DelayHistory::add(std::int64_t minute, double delay_minutes) {
  if (!minutes_.empty() && minute < minutes_.back()) {
    throw std::invalid_argument("flights must be in order of departure");
  }
  minutes_.push_back(minute);
  sums_.push_back(sums_.back() + delay_minutes);
}

DelayHistory::Past DelayHistory::between(std::int64_t from, std::int64_t until) const {
  const auto index = [this](std::int64_t minute) {
    return static_cast<std::size_t>(std::lower_bound(minutes_.begin(), minutes_.end(), minute) -
                                    minutes_.begin());
  };
  const std::size_t begin = index(from);
  const std::size_t end = std::max(begin, index(until));
  return {sums_[end] - sums_[begin], static_cast<std::int64_t>(end - begin)};
}

Features build_features(const std::vector<Flight>& flights, const std::vector<Airport>& airports,
                        const FeatureParams& params) {
  std::unordered_map<std::string, const Airport*> by_code;
  for (const Airport& airport : airports) by_code.emplace(airport.iata, &airport);
  Features result;
  Histories histories;
  for (const Flight& flight : flights) {
    const auto from = by_code.find(flight.origin);
    const auto to = by_code.find(flight.destination);
    if (from == by_code.end() || to == by_code.end()) {
      ++result.unknown_airport;
      continue;
    }
    FeatureRow row;
    row.minute = flight.minute;
    row.origin = flight.origin;
    row.destination = flight.destination;
    row.distance_miles = great_circle_miles(from->second->latitude, from->second->longitude,
                                            to->second->latitude, to->second->longitude);
    row.delay_minutes = static_cast<double>(flight.delay_minutes);
    add_time(row);
    add_past(row, histories, params);
    histories.origins[flight.origin].add(flight.minute, row.delay_minutes);
    histories.destinations[flight.destination].add(flight.minute, row.delay_minutes);
    histories.network.add(flight.minute, row.delay_minutes);
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace flight_delays
