// The bounded executor behind the handlers. Work must not throw, and
// answers its caller itself; work that is dropped at the end answers by
// the destruction of its captures.
#include "scheduler/rpc/work_pool.h"

#include <utility>

#include "base/errors.h"

namespace weir::rpc {

WorkPool::WorkPool(std::string name, int threads, std::size_t queue_max)
    : name_(std::move(name)), queue_max_(queue_max) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  }
}

WorkPool::~WorkPool() { stop(); }

base::Status WorkPool::submit(Work work) {
  const std::lock_guard lock(mutex_);
  if (stopped_) {
    return base::Status(base::Code::kUnavailable, base::kErrShuttingDown,
                        "the scheduler is shutting down; try again when it is back");
  }
  if (requests_ >= queue_max_) {
    return base::Status(base::Code::kResourceExhausted, base::kErrQueueFull,
                        "more than " + std::to_string(queue_max_) + " requests wait for a " +
                            name_ + " thread; try again in a moment");
  }
  ++requests_;
  queue_.push_back({std::move(work), true});
  wake_.notify_one();
  return {};
}

void WorkPool::submit_step(Work work) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  queue_.push_back({std::move(work), false});
  wake_.notify_one();
}

void WorkPool::submit_ahead(Work work) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  ahead_.push_back(std::move(work));
  wake_.notify_one();
}

void WorkPool::stop() {
  std::deque<Work> dropped_ahead;
  std::deque<Item> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped_ahead.swap(ahead_);
    dropped.swap(queue_);
    requests_ = 0;
  }
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

void WorkPool::run(const std::stop_token& stop) {
  for (;;) {
    Item item;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !ahead_.empty() || !queue_.empty(); })) return;
      if (!ahead_.empty()) {
        item.work = std::move(ahead_.front());
        ahead_.pop_front();
      } else {
        item = std::move(queue_.front());
        queue_.pop_front();
        if (item.is_request) --requests_;
      }
    }
    item.work();
  }
}

}  // namespace weir::rpc
