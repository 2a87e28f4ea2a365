// Ends a stream whose reader takes nothing: gRPC completes a write once the reader has made room
// for it, and would wait for that for ever, with the stream's slot. Safe from any thread. Brings
// gRPC's headers: for the .cc files of services only.
#pragma once

#include <chrono>
#include <memory>

#include <grpcpp/server_context.h>

namespace weir::rpc {

// One a stream, used by its reactor and destroyed with it.
class StallGuard {
 public:
  // Cancels `context` when a write takes longer than `limit`.
  StallGuard(grpc::CallbackServerContext* context, std::chrono::milliseconds limit);
  ~StallGuard();
  StallGuard(const StallGuard&) = delete;
  StallGuard& operator=(const StallGuard&) = delete;

  void write_begins();
  void write_ends();

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace weir::rpc
