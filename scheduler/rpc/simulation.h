// Answers a request for a simulation: over a world that somebody has read, or over nothing but the
// manifests that come with it, which needs no scheduler. Uses a processor for up to kSimulationTime
// and reads zones, so for threads that may block; safe from any of them at once.
#pragma once

#include <chrono>

#include "base/status.h"
#include "dryrun/dry_run.h"

namespace weir::v1 {
class SimulateRequest;
class SimulateResponse;
}  // namespace weir::v1

namespace weir::rpc {

inline constexpr std::chrono::seconds kSimulationTime{15};  // of one of the two of a comparison
inline constexpr int kSimulatedModulesMax = 64;             // of one request

// The module that a comparison is against; null: there is none.
using Against = std::shared_ptr<const module::Manifest>;

// `world`: as it is, without zones and modules.
base::Status simulate(const v1::SimulateRequest& request, dryrun::World world,
                      const Against& against, v1::SimulateResponse* response);

// The same with no scheduler.
base::Status simulate_alone(const v1::SimulateRequest& request, v1::SimulateResponse* response);

}  // namespace weir::rpc
