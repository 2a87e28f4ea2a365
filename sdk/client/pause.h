// Waiting a moment between tries. Short waits only: a wait that must be interruptible takes the
// signal's descriptor instead.
// Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace weir::client {

// A wait on a condition that never comes: unlike a bare sleep it has a name in a stack trace.
inline void pause_for(std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, time, [] { return false; });
}

}  // namespace weir::client
