// A connection to the scheduler that can be given up for a new one: one whose other end is silent
// stays open for ever, as far as the machine knows. Safe from any thread; calls that are under way
// keep the connection that they began on.
#pragma once

#include <memory>
#include <mutex>

#include "weir/worker/v1/worker.grpc.pb.h"
#include "worker/agent/link.h"

namespace weir::worker {

class Line {
 public:
  using Stub = v1::WorkerProtocolService::Stub;

  explicit Line(const Link& link) : link_(link) { renew(); }
  std::shared_ptr<Stub> stub() const {
    const std::lock_guard lock(mutex_);
    return stub_;
  }
  // What is called from now on goes over a new connection.
  void renew() {
    std::shared_ptr<Stub> fresh = v1::WorkerProtocolService::NewStub(link_.channel());
    const std::lock_guard lock(mutex_);
    stub_.swap(fresh);
  }

 private:
  const Link& link_;
  mutable std::mutex mutex_;
  std::shared_ptr<Stub> stub_;  // guarded by mutex_
};

}  // namespace weir::worker
