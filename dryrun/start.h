// From the world as it is to what the simulated engine is restored from: the workers become the one
// that is made up, and times that lie after the beginning are taken back to it. Pure; for
// dry_run.cc.
#pragma once

#include "dryrun/dry_run.h"

namespace weir::dryrun {

// When the engine begins: where the forecast begins, or now when that is later, so that what
// happens in between has happened.
WallTime beginning_of(const World& world, const Options& options);

// Lines of the script that lie before the beginning say what is there by then: versions and
// observations. INVALID_ARGUMENT for anything else there.
base::Result<engine::Snapshot> snapshot_at(const World& world, const Options& options,
                                           WallTime begin);

// Slots of the made-up worker.
std::int32_t slots_of(const World& world, const Options& options);

}  // namespace weir::dryrun
