// A handful of calls at a time, so that each question looks at all of them. One that was told is
// not told again, also when it moves after all: whoever was told has ended
// it.
#include "worker/core/stall_table.h"

#include <algorithm>

namespace weir::worker {

StallTable::Id StallTable::begin(base::BootTime now) {
  calls_[++last_].moved = now;
  return last_;
}

void StallTable::moved(Id id, base::BootTime now) {
  const auto found = calls_.find(id);
  if (found != calls_.end()) found->second.moved = now;
}

std::vector<StallTable::Id> StallTable::take_stalled(base::BootTime now) {
  std::vector<Id> stalled;
  for (auto& [id, call] : calls_) {
    if (call.told || now < call.moved + stall_max_) continue;
    call.told = true;
    stalled.push_back(id);
  }
  return stalled;
}

std::optional<base::BootTime> StallTable::next_at() const {
  std::optional<base::BootTime> next;
  for (const auto& [id, call] : calls_) {
    if (call.told) continue;
    const base::BootTime at = call.moved + stall_max_;
    next = next ? std::min(*next, at) : at;
  }
  return next;
}

}  // namespace weir::worker
