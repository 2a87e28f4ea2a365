// Requests for a simulation to values, and forecasts to messages of the API. Pure functions, safe
// from any thread.
// Messages are only declared here, as in api.h.
#pragma once

#include "base/status.h"
#include "dryrun/compare.h"
#include "dryrun/dry_run.h"

namespace weir::v1 {
class SimulatedDifference;
class SimulatedItem;
class SimulateRequest;
class SimulationSummary;
}  // namespace weir::v1

namespace weir::rpc {

inline constexpr int kSimulatedItemsDefault = 10'000;
inline constexpr int kSimulatedItemsMax = 100'000;  // of one answer
inline constexpr int kSimulationWordsMax = 10'000;  // failures, durations, absences, actions

// Without limits of time. `now` is where it begins when the request does not say.
base::Result<dryrun::Options> simulation_options(const v1::SimulateRequest& request,
                                                 base::WallTime now);
void to_proto(const dryrun::ForecastItem& item, v1::SimulatedItem* out);
void to_proto(const dryrun::Difference& difference, v1::SimulatedDifference* out);
void to_proto(const dryrun::ForecastSummary& summary, v1::SimulationSummary* out);

}  // namespace weir::rpc
