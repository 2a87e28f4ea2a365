// The two horizons, from the last proven contact. The lease is the scheduler's
// figure; the share of it that side effects may use is ours, and the tests pin
// it.
#include "worker/core/lease.h"

#include <algorithm>

#include "base/planted.h"

namespace weir::worker {

LeaseHorizons lease_horizons(base::BootTime last_contact, base::Duration lease) {
  const double of_lease = PLANTED(kSideEffectsOutliveLease) ? 2 : kSideEffectsShare;
  const auto share = base::Duration(std::int64_t(double(lease.count()) * of_lease));
  return {last_contact + share, last_contact + std::max(lease, kDisconnectedMax)};
}

bool lease_may_have_ended(base::BootTime last_contact, base::Duration lease, base::BootTime now) {
  return now >= last_contact + lease;
}

}  // namespace weir::worker
