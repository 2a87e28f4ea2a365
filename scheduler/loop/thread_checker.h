// Asserts that something is touched by one thread only: the first to ask becomes the owner, and a
// second one aborts the process, in release builds too. Safe from any thread; guards nothing by
// itself.
#pragma once

#include <atomic>
#include <thread>

#include "base/check.h"

namespace weir::loop {

class ThreadChecker {
 public:
  void check() const {
    std::thread::id none;
    const std::thread::id me = std::this_thread::get_id();
    if (owner_.compare_exchange_strong(none, me)) return;
    CHECK_MSG(none == me, "touched by two threads");
  }
  // The next thread that asks becomes the owner; the caller sees to it that the old one has
  // stopped.
  void release() { owner_.store({}); }

 private:
  mutable std::atomic<std::thread::id> owner_{};
};

}  // namespace weir::loop
