// The queues of ready tasks: see waiting.h. Beside the queues stand their heads in one order, so
// that the next task of all is found without a walk over the kinds of requests. Structures only, no
// rule; on the thread of the engine's owner.
#include "engine/queues/waiting.h"

#include "base/check.h"

namespace weir::engine {

void ReadyQueues::insert(const Request& request, const ReadyKey& key) {
  const auto at = queues_.try_emplace(request).first;
  Queue& queue = at->second;
  if (!queue.empty() && key < *queue.begin()) heads_.erase(*queue.begin());
  CHECK_MSG(queue.insert(key).second, "a task is in the ready queue already");
  if (!(*queue.begin() < key)) heads_.emplace(key, &at->first);
}

void ReadyQueues::erase(const Request& request, const ReadyKey& key) {
  const auto at = queues_.find(request);
  CHECK_MSG(at != queues_.end() && at->second.erase(key) == 1, "a task is not in the ready queue");
  Queue& queue = at->second;
  if (heads_.erase(key) == 1 && !queue.empty()) heads_.emplace(*queue.begin(), &at->first);
  if (queue.empty()) queues_.erase(at);
}

bool ReadyQueues::contains(const Request& request, const ReadyKey& key) const {
  const auto at = queues_.find(request);
  return at != queues_.end() && at->second.contains(key);
}

std::int64_t ReadyQueues::ahead_of(const ReadyKey& key, std::int64_t limit) const {
  std::int64_t ahead = 0;
  for (const auto& [request, queue] : queues_) {
    for (auto it = queue.begin(); it != queue.end() && *it < key; ++it) {
      if (++ahead == limit) return ahead;
    }
  }
  return ahead;
}

}  // namespace weir::engine
