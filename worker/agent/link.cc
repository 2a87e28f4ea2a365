// Channels with a short reconnection backoff of their own: the agent decides when to
// try, gRPC must not add minutes to that. No proxies: a scheduler is reached
// directly.
#include "worker/agent/link.h"

#include "base/endpoint.h"

namespace weir::worker {

using base::Code;
using base::Status;

constexpr int kConnectMaxMs = 5000;

Link::Link(std::string address, std::string token, std::string token_file)
    : address_(std::move(address)), token_(std::move(token)), token_file_(std::move(token_file)) {}

std::shared_ptr<grpc::Channel> Link::channel() const {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReceivedBytesMax);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // This one is also how long a connection may take to come about.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMaxMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments);
}

Status Link::authorize(grpc::ClientContext& context) const {
  std::string token = token_;
  if (token.empty() && !token_file_.empty()) {
    auto read = base::read_token(token_file_);
    if (!read.ok()) return read.status();
    token = std::move(read).value();
  }
  const Status usable = base::check_token(token, "the token that this worker was given");
  if (!usable.ok()) return usable;
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  return {};
}

Status from_grpc(const grpc::Status& status) {
  if (status.ok()) return {};
  return Status::parse(Code(int(status.error_code())), status.error_message());
}

bool passing(const Status& status) {
  switch (status.code()) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
    case Code::kAborted:
    case Code::kCanceled:
      return true;
    default:
      return false;
  }
}

}  // namespace weir::worker
