// The looks, one after the other; see the header. A heartbeat that fails is not tried again before
// its time: the next one says the same.
// Its own thread alone; stop() from the owner's.
#include "scheduler/alerts/watch.h"

#include <condition_variable>

#include "base/errors.h"

namespace weir::alerts {

using base::Status;

void Watch::start(ports::Inbox& inbox) {
  thread_ = std::jthread([this, &inbox](const std::stop_token& stop) { work(stop, inbox); });
}

void Watch::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Heartbeats Watch::heartbeats() const {
  const std::lock_guard lock(mutex_);
  return heartbeats_;
}

void Watch::work(const std::stop_token& stop, ports::Inbox& inbox) {
  std::mutex sleeping;
  std::condition_variable_any woken;
  while (!stop.stop_requested()) {
    const std::uint64_t before = options_.commands_taken();
    Status status = inbox.post(options_.disk());
    {
      std::unique_lock lock(sleeping);
      woken.wait_for(lock, stop, options_.every, [] { return false; });
    }
    if (stop.stop_requested()) return;
    if (!options_.beat) continue;
    if (status.ok() && options_.commands_taken() == before) {
      status = {base::Code::kUnavailable, base::kErrInternal, "the loop has taken nothing since"};
    }
    if (status.ok()) status = options_.beat(stop);
    const base::WallTime now = options_.clock();
    const std::lock_guard lock(mutex_);
    (status.ok() ? heartbeats_.sent_at : heartbeats_.failed_at) = now;
    if (!status.ok()) heartbeats_.failure = status.text();
  }
}

}  // namespace weir::alerts
