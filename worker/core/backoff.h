// Reconnection delays: exponential with full jitter, so that workers that lost
// one scheduler do not come back in a wave. Pure: the random number is a
// parameter.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace weir::worker {

inline constexpr base::Duration kBackoffFirst = std::chrono::milliseconds(50);
inline constexpr base::Duration kBackoffMax = std::chrono::seconds(5);

class Backoff {
 public:
  // The next delay, uniformly between zero and the current ceiling, which doubles up to
  // kBackoffMax.
  base::Duration next(std::uint32_t random);
  // No more than one delay was asked for since the last reset.
  bool first() const { return ceiling_ <= 2 * kBackoffFirst; }
  void reset() { ceiling_ = kBackoffFirst; }

 private:
  base::Duration ceiling_ = kBackoffFirst;
};

}  // namespace weir::worker
