// How other threads reach the agent's: closures that it runs in order, and a descriptor that
// becomes readable. post() and wake() are safe from any thread; the rest is for the owner. A
// letter must not outlive what it captures: the owner drops unread letters when it ends.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "worker/supervisor/system.h"

namespace weir::worker {

class Mailbox {
 public:
  Mailbox();
  using Letter = std::function<void()>;
  void post(Letter letter);
  // Wakes the owner up without a letter. Safe in any context.
  void wake();
  int fd() const { return event_.get(); }
  // Takes everything that was posted.
  std::vector<Letter> take();

 private:
  Fd event_;
  std::mutex mutex_;
  std::vector<Letter> letters_;  // guarded by mutex_
};

}  // namespace weir::worker
