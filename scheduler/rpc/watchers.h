// Who waits for new events. The loop says after each commit how far the
// sequence is, and whoever is registered is woken. Safe from any thread;
// holds no events itself.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"

namespace weir::rpc {

// Called with the hub's lock held: must only note the fact and hand over.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void wake() = 0;
  virtual void close(const base::Status& reason) = 0;
};

class Watchers {
 public:
  // RESOURCE_EXHAUSTED when there are kWatchersMax, UNAVAILABLE after close_all().
  base::Status add(const std::shared_ptr<Watcher>& watcher);
  void remove(const Watcher* watcher);

  void committed(std::int64_t last_seq);
  void close_all(const base::Status& reason);

 private:
  std::mutex mutex_;
  bool closed_ = false;                             // guarded by mutex_
  std::int64_t last_seq_ = 0;                       // guarded by mutex_
  std::vector<std::shared_ptr<Watcher>> watchers_;  // guarded by mutex_
};

}  // namespace weir::rpc
