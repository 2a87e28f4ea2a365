// When a task fires, by what its direct parents came to. Counters make every rule O(1) per event:
// readiness.cc keeps them, decide() only reads them. Pure. Must not depend on the order in which
// the parents ended.
#pragma once

#include <cstdint>

#include "module/manifest.h"

namespace weir::engine {

// The parents that one trigger rule decides over. cached counts as succeeded; upstream_failed and
// canceled as failed here, with their own counter for the one rule that tells them apart.
struct ParentCounts {
  module::TriggerRule rule = module::TriggerRule::kAllSuccess;
  std::int32_t total = 0;
  std::int32_t succeeded = 0;
  std::int32_t failed = 0;           // failed only
  std::int32_t upstream_failed = 0;  // upstream_failed and canceled
  std::int32_t skipped = 0;
};

enum class Decision { kWait, kFire, kSkip, kUpstreamFailed };

Decision decide(const ParentCounts& parents);

}  // namespace weir::engine
