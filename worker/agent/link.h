// The way to the scheduler: channels, the token, and gRPC's statuses as ours.
// Immutable after construction; safe from any thread. It knows nothing of sessions or
// attempts.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "base/status.h"

namespace weir::worker {

inline constexpr int kReceivedBytesMax = 64 << 20;        // of one message
inline constexpr std::chrono::seconds kCallDeadline{60};  // of a unary call
inline constexpr std::size_t kTransferChunkBytes = 1 << 20;

class Link {
 public:
  Link(std::string address, std::string token, std::string token_file);

  // A channel of its own connection: bulk bytes must not delay the session.
  std::shared_ptr<grpc::Channel> channel() const;
  // Adds the token; a token file is read again, because a new scheduler may have written a new one.
  base::Status authorize(grpc::ClientContext& context) const;
  const std::string& address() const { return address_; }

 private:
  std::string address_;
  std::string token_;
  std::string token_file_;
};

base::Status from_grpc(const grpc::Status& status);

// Whether the same call may succeed later without anybody doing anything.
bool passing(const base::Status& status);

}  // namespace weir::worker
