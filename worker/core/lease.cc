// The two horizons, from the last proven contact. The lease is the scheduler's
// figure; the share of it that side effects may use is ours, and the tests pin
// it.
#include "worker/core/lease.h"

#include <algorithm>

namespace weir::worker {

LeaseHorizons lease_horizons(base::BootTime last_contact, base::Duration lease) {
  const auto share = base::Duration(std::int64_t(double(lease.count()) * kSideEffectsShare));
  return {last_contact + share, last_contact + std::max(lease, kDisconnectedMax)};
}

}  // namespace weir::worker
