// Sessions with the worker of the same process: frames are handed over as they are, on the thread
// that has them, without a socket, gRPC and its threads between, which are a third of a short
// task's way. Safe from any thread.
#pragma once

#include <memory>
#include <shared_mutex>
#include <vector>

#include "base/local_session.h"

namespace weir::rpc {

struct Backend;
class WorkerSession;

// Lets the worker in while the server runs: whatever it does in the scheduler it does inside.
class LocalGate {
 public:
  void open(Backend& backend);
  // Ends the sessions with `reason`. Returns when nobody is inside, and lets nobody in any more.
  void shut(const base::Status& reason);

  // A new session; null when it is refused, and then `ended` was called.
  std::shared_ptr<WorkerSession> admit(const base::LocalSession::Handlers& handlers);
  // Calls `work` inside, or not at all.
  template <class Work>
  void enter(Work work) {
    const std::shared_lock lock(mutex_);
    if (backend_ != nullptr) work();
  }

 private:
  std::shared_mutex mutex_;
  Backend* backend_ = nullptr;                          // null while shut; guarded by mutex_
  std::vector<std::weak_ptr<WorkerSession>> sessions_;  // guarded by mutex_
};

// See base::OpenLocalSession. The session keeps the gate alive.
std::unique_ptr<base::LocalSession> open_local_session(
    const std::shared_ptr<LocalGate>& gate, const base::LocalSession::Handlers& handlers);

}  // namespace weir::rpc
