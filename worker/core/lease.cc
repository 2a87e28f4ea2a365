// The two horizons, from the last proven contact.
#include "worker/core/lease.h"

#include <algorithm>

namespace weir::worker {

LeaseHorizons lease_horizons(base::BootTime last_contact, base::Duration lease) {
  const auto share = base::Duration(std::int64_t(double(lease.count()) * kSideEffectsShare));
  return {last_contact + share, last_contact + std::max(lease, kDisconnectedMax)};
}

}  // namespace weir::worker
