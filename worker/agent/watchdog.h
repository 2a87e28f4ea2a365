// Ends calls that move nothing: a transfer may take hours, but not when nobody takes or gives a
// byte. One thread of its own; safe from any thread. It knows nothing of what is
// moved.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "worker/core/stall_table.h"

namespace weir::worker {

// From one chunk to the next, and from the last one to the answer: the other side syncs its disk.
inline constexpr std::chrono::minutes kTransferStallMax{5};

class Watchdog {
 public:
  explicit Watchdog(base::Duration stall_max = kTransferStallMax);
  ~Watchdog();

  // A call that is watched until this is destroyed.
  class Call {
   public:
    Call(Watchdog& dog, std::function<void()> cancel);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    void moved();
    // It moved nothing for too long, and was canceled for that.
    bool stalled() const;

   private:
    Watchdog& dog_;
    StallTable::Id id_;
  };

 private:
  struct Entry {
    std::function<void()> cancel;  // called once, with mutex_ held: it must not block
    bool stalled = false;
  };
  void work(const std::stop_token& stop);

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  StallTable table_;                       // guarded by mutex_
  std::map<StallTable::Id, Entry> calls_;  // guarded by mutex_
  std::jthread thread_;                    // last: it uses what stands above
};

}  // namespace weir::worker
