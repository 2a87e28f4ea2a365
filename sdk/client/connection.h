// One gRPC channel to a scheduler with the token, and the translation of gRPC's statuses. The only
// header of the client that includes gRPC: keep it out of other headers.
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "base/status.h"
#include "sdk/client/discovery.h"

namespace weir::client {

class Connection {
 public:
  Connection(Target target, std::chrono::milliseconds deadline, int tries_max);

  const Target& target() const { return target_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Adds the token, and the deadline of a unary call.
  void prepare(grpc::ClientContext& context) const;
  void prepare_stream(grpc::ClientContext& context) const;

  // Whether the channel is connected now, or within the timeout. Somebody who waits here is told of
  // a connection at once; calls that fail fast leave the channel unobserved for seconds.
  bool wait_connected(std::chrono::milliseconds timeout) const;

  // Ours for a gRPC status: with the error number that the message carries, or the one that the
  // code implies, and for the errors of the connection itself with the address and what to do.
  base::Status convert(const grpc::Status& status) const;

  // Whether to repeat a call that can be repeated without harm: the connection broke, and the
  // scheduler has been there before. Sleeps a little first; false after the permitted tries or past
  // the deadline.
  bool try_again(const grpc::Status& status, int tries,
                 std::chrono::steady_clock::time_point started) const;
  void answered() { answered_.store(true, std::memory_order_relaxed); }

 private:
  Target target_;
  std::chrono::milliseconds deadline_;
  int tries_max_;
  std::shared_ptr<grpc::Channel> channel_;
  std::atomic<bool> answered_ = false;  // by a call before: the address is right
};

}  // namespace weir::client
