// Sleeps until the first call may be stalled; progress only moves a time, and is seen when that
// comes. Canceling under the lock keeps the call from ending, and its context from going,
// meanwhile.
#include "worker/agent/watchdog.h"

#include "worker/supervisor/system.h"

namespace weir::worker {

Watchdog::Watchdog(base::Duration stall_max)
    : table_(stall_max), thread_([this](const std::stop_token& stop) { work(stop); }) {}

Watchdog::~Watchdog() {
  thread_.request_stop();
  wake_.notify_all();
}

Watchdog::Call::Call(Watchdog& dog, std::function<void()> cancel) : dog_(dog), id_(0) {
  const std::lock_guard lock(dog_.mutex_);
  id_ = dog_.table_.begin(read_clock().boot);
  dog_.calls_[id_].cancel = std::move(cancel);
  dog_.wake_.notify_one();
}

Watchdog::Call::~Call() {
  const std::lock_guard lock(dog_.mutex_);
  dog_.table_.end(id_);
  dog_.calls_.erase(id_);
}

void Watchdog::Call::moved() {
  const std::lock_guard lock(dog_.mutex_);
  dog_.table_.moved(id_, read_clock().boot);
}

bool Watchdog::Call::stalled() const {
  const std::lock_guard lock(dog_.mutex_);
  return dog_.calls_.at(id_).stalled;
}

void Watchdog::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    for (const StallTable::Id id : table_.take_stalled(read_clock().boot)) {
      Entry& entry = calls_.at(id);
      entry.stalled = true;
      entry.cancel();
    }
    const auto at = table_.next_at();
    const auto sooner = [this, at] {
      const auto next = table_.next_at();
      return next && (!at || *next < *at);
    };
    if (at) {
      wake_.wait_for(lock, stop, *at - read_clock().boot, sooner);
    } else {
      wake_.wait(lock, stop, sooner);
    }
  }
}

}  // namespace weir::worker
