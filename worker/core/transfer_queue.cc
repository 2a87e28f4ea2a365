// Three places: due in order of arrival, later in order of time, in hand. What comes due goes
// behind what is due already, so that one that fails and fails takes no turn from the others.
// Holds ids only; never blocks.
#include "worker/core/transfer_queue.h"

#include <algorithm>

namespace weir::worker {

TransferQueue::Id TransferQueue::add() {
  due_.push_back(++last_);
  return last_;
}

std::optional<TransferQueue::Id> TransferQueue::take(base::BootTime now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    due_.push_back(later_.begin()->second);
    later_.erase(later_.begin());
  }
  if (due_.empty()) return std::nullopt;
  const Id id = due_.front();
  due_.pop_front();
  in_hand_.insert(id);
  return id;
}

std::optional<base::BootTime> TransferQueue::next_at() const {
  if (!due_.empty()) return base::BootTime::min();
  if (!later_.empty()) return later_.begin()->first;
  return std::nullopt;
}

bool TransferQueue::retry(Id id, base::BootTime at) {
  if (in_hand_.erase(id) == 0) return false;
  later_.emplace(at, id);
  return true;
}

bool TransferQueue::finish(Id id) { return in_hand_.erase(id) > 0; }

void TransferQueue::cancel(Id id) {
  in_hand_.erase(id);
  std::erase(due_, id);
  std::erase_if(later_, [id](const auto& entry) { return entry.second == id; });
}

}  // namespace weir::worker
