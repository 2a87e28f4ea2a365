// Full jitter: the delay is a random part of a ceiling that
// doubles. The random number comes from outside, so that tests can
// choose it.
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
