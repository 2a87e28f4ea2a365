// Two forecasts of the same time, and what differs: ticks by their schedule and nominal time, runs
// by what asked for them and what for, changes of freshness by asset and instant. Pure functions of
// values, safe from any thread.
#pragma once

#include <vector>

#include "dryrun/forecast.h"

namespace weir::dryrun {

struct Difference {
  WallTime at{};
  const ForecastItem* before = nullptr;  // null: it is in the other one alone
  const ForecastItem* after = nullptr;
};

// In the order of time. The items stay those of the forecasts, which must outlive the result. Ids
// of runs are made up anew by each, so they make no difference.
std::vector<Difference> compare(const Forecast& before, const Forecast& after);

}  // namespace weir::dryrun
