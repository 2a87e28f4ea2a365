// Until when attempts may run without news from the scheduler. Contact is proven by an
// answer, and counted from the moment its question was sent. Pure: time is a parameter; one
// thread.
#pragma once

#include "base/ids.h"

namespace weir::worker {

// Attempts without side effects run on while the scheduler is away: a late result is fenced by its
// epoch.
inline constexpr base::Duration kDisconnectedMax = std::chrono::minutes(10);
// Attempts with side effects end before another worker can have been given the task.
inline constexpr double kSideEffectsShare = 0.8;

struct LeaseHorizons {
  base::BootTime side_effects = base::BootTime::max();
  base::BootTime others = base::BootTime::max();
  bool operator==(const LeaseHorizons&) const = default;
};

LeaseHorizons lease_horizons(base::BootTime last_contact, base::Duration lease);

// Whether a lease may have ended between two contacts: the answer to the newer one arrived a full
// lease after the older one was asked for. A session answers a heartbeat as soon as it is in the
// inbox, and the engine may have ended the lease just then and given its tasks away: only a new
// session tells which of them are still the worker's.
bool lease_may_have_ended(base::BootTime last_contact, base::Duration lease, base::BootTime now);

}  // namespace weir::worker
