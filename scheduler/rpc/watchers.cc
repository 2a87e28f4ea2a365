// The list of event watchers. The loop thread wakes them after a commit;
// waking only notes the fact and hands over, because the hub's lock is
// held meanwhile.
#include "scheduler/rpc/watchers.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "scheduler/rpc/limits.h"

namespace weir::rpc {

base::Status Watchers::add(const std::shared_ptr<Watcher>& watcher) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return base::Status(base::Code::kUnavailable, base::kErrShuttingDown,
                        "the scheduler is shutting down");
  }
  if (watchers_.size() >= static_cast<std::size_t>(kWatchersMax)) {
    return base::Status(base::Code::kResourceExhausted, base::kErrLimit,
                        std::to_string(kWatchersMax) +
                            " streams of events are open, the most there can be; close some");
  }
  watchers_.push_back(watcher);
  return {};
}

void Watchers::remove(const Watcher* watcher) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watchers_, [&](const auto& entry) { return entry.get() == watcher; });
}

void Watchers::committed(std::int64_t last_seq) {
  const std::lock_guard lock(mutex_);
  if (last_seq == last_seq_) return;  // a batch without events
  last_seq_ = last_seq;
  for (const auto& watcher : watchers_) watcher->wake();
}

void Watchers::close_all(const base::Status& reason) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& watcher : watchers_) watcher->close(reason);
}

}  // namespace weir::rpc
