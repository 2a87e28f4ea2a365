// The rules themselves. One helper walks the rows and keeps the first offence for the message.
// Limits are wide: they are to catch broken joins and units, not unusual weather.
// Pure functions, any thread.
#include "audit.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "civil_time.h"

namespace flight_delays {
namespace {

constexpr double kDelayMinutesMin = -180;
constexpr double kDelayMinutesMax = 48 * 60;
constexpr double kDistanceMilesMax = 12'451;  // half the Earth's circumference

std::vector<double> numbers(const FeatureRow& row) {
  return {row.hour_sin,          row.hour_cos,      row.half_day_sin,   row.half_day_cos,
          row.weekday_sin,       row.weekday_cos,   row.distance_miles, row.origin_delay,
          row.destination_delay, row.network_delay, row.delay_minutes};
}

template <class Offends>
Audit find(const std::vector<FeatureRow>& rows, const std::string& what, Offends offends) {
  Audit audit;
  for (const FeatureRow& row : rows) {
    if (!offends(row)) continue;
    if (audit.offending_rows++ == 0) {
      audit.problem = what + ", first at " + format_minute(row.minute) + " " + row.origin + "-" +
                      row.destination;
    }
  }
  return audit;
}

bool on_circle(double sine, double cosine) {
  return std::abs(sine * sine + cosine * cosine - 1) < 1e-9;
}

bool is_delay(double minutes) { return minutes >= kDelayMinutesMin && minutes <= kDelayMinutesMax; }

}  // namespace

Audit audit_not_null(const std::vector<FeatureRow>& rows) {
  return find(rows, "a value is missing", [](const FeatureRow& row) {
    const auto all = numbers(row);
    return row.origin.empty() || row.destination.empty() ||
           !std::all_of(all.begin(), all.end(), [](double x) { return std::isfinite(x); });
  });
}

Audit audit_unique(const std::vector<FeatureRow>& rows) {
  std::set<std::tuple<std::int64_t, std::string, std::string>> seen;
  return find(rows, "a flight occurs twice", [&seen](const FeatureRow& row) {
    return !seen.emplace(row.minute, row.origin, row.destination).second;
  });
}

Audit audit_ranges(const std::vector<FeatureRow>& rows) {
  return find(rows, "a value is out of its range", [](const FeatureRow& row) {
    return !(row.distance_miles > 0 && row.distance_miles <= kDistanceMilesMax &&
             is_delay(row.delay_minutes) && is_delay(row.origin_delay) &&
             is_delay(row.destination_delay) && is_delay(row.network_delay) &&
             on_circle(row.hour_sin, row.hour_cos) &&
             on_circle(row.half_day_sin, row.half_day_cos) &&
             on_circle(row.weekday_sin, row.weekday_cos));
  });
}

Audit audit_row_count(const std::vector<FeatureRow>& rows) {
  if (rows.size() >= kFeatureRowsMin) return {};
  return {"only " + std::to_string(rows.size()) + " rows, at least " +
              std::to_string(kFeatureRowsMin) + " are needed",
          0};
}

}  // namespace flight_delays
