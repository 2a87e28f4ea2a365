// Full jitter: delay = random part of the ceiling.
#include "worker/core/backoff.h"

#include <algorithm>

namespace weir::worker {

base::Duration Backoff::next(std::uint32_t random) {
  const base::Duration delay(
      std::int64_t(double(ceiling_.count()) * (double(random) / 4294967296.0)));
  ceiling_ = std::min(ceiling_ * 2, kBackoffMax);
  return delay;
}

}  // namespace weir::worker
