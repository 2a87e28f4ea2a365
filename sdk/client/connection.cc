// The channel, its options, and statuses: what a broken connection, a wrong token or a slow answer
// is called, and what to do about it.
// Thread-safe.
#include "sdk/client/connection.h"

#include <algorithm>

#include "base/endpoint.h"
#include "base/errors.h"
#include "sdk/client/api.h"
#include "sdk/client/pause.h"

namespace weir::client {
namespace {

using base::Code;
using base::Status;

constexpr std::chrono::milliseconds kReconnectMin{100};
constexpr std::chrono::milliseconds kReconnectMax{500};
constexpr std::chrono::milliseconds kConnectMax{10'000};

std::shared_ptr<grpc::Channel> make_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  // A proxy from the environment must never see the token; the scheduler is reached directly.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMin.count());
  // Despite its name also the time that an attempt to connect may take: a busy machine needs some.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMax.count());
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMax.count());
  // Clients of one process that talk to several schedulers in turn must not share a broken
  // connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// Without a token that gRPC would abort on.
Target with_usable_token(Target target) {
  const Status usable = base::check_token(target.token, "the token that was given");
  if (usable.ok()) return target;
  target.token.clear();
  target.token_problem = usable.message();
  return target;
}

// The call never reached a server: nothing was asked yet.
bool never_connected(const grpc::Status& status) {
  const std::string& text = status.error_message();
  return text.find("failed to connect") != std::string::npos ||
         text.find("DNS resolution failed") != std::string::npos ||
         text.find("onnection refused") != std::string::npos;
}

// Something listens, and it is no gRPC server.
bool speaks_otherwise(const grpc::Status& status) {
  const std::string& text = status.error_message();
  return text.find("Failed parsing HTTP/2") != std::string::npos ||
         text.find("http1.x server") != std::string::npos;
}

}  // namespace

Connection::Connection(Target target, std::chrono::milliseconds deadline, int tries_max)
    : target_(with_usable_token(std::move(target))),
      deadline_(deadline),
      tries_max_(tries_max),
      channel_(make_channel(target_.grpc)) {}

void Connection::prepare(grpc::ClientContext& context) const {
  prepare_stream(context);
  context.set_deadline(std::chrono::system_clock::now() + deadline_);
}

void Connection::prepare_stream(grpc::ClientContext& context) const {
  if (!target_.token.empty()) context.AddMetadata("authorization", "Bearer " + target_.token);
}

bool Connection::wait_connected(std::chrono::milliseconds timeout) const {
  return channel_->WaitForConnected(std::chrono::system_clock::now() + timeout);
}

Status Connection::convert(const grpc::Status& status) const {
  if (status.ok()) return {};
  // gRPC's UNKNOWN (2) is not one of ours.
  const Code code = status.error_code() == grpc::StatusCode::UNKNOWN
                        ? Code::kInternal
                        : static_cast<Code>(static_cast<int>(status.error_code()));
  const Status parsed = Status::parse(code, status.error_message());
  if (code == Code::kUnauthenticated && !target_.token_problem.empty()) {
    return Status(code, base::kErrUnauthenticated,
                  "the scheduler at " + target_.grpc + " wants its token: " +
                      target_.token_problem + " (--token-file, WEIR_TOKEN_FILE)");
  }
  if (parsed.error() != 0) return parsed;
  switch (code) {
    case Code::kUnavailable: {
      if (speaks_otherwise(status)) {
        return Status(code, base::kErrUnreachable,
                      "what answers at " + target_.grpc + " (from " + target_.source +
                          ") does not speak gRPC: it may be a scheduler's HTTP port, whose gRPC "
                          "port is another (7601 unless chosen), or another server");
      }
      const std::string what =
          never_connected(status) ? "no scheduler answers at " + target_.grpc
                                  : "the connection to the scheduler at " + target_.grpc + " broke";
      return Status(code, base::kErrUnreachable,
                    what + " (from " + target_.source + "); " + how_to_start());
    }
    case Code::kDeadlineExceeded:
      return Status(code, base::kErrTimedOut,
                    "the scheduler at " + target_.grpc + " did not answer within " +
                        std::to_string(deadline_.count() / 1000) +
                        " s; see 'weir doctor' and the scheduler's log");
    case Code::kUnauthenticated:
      return Status(code, base::kErrUnauthenticated,
                    "the scheduler at " + target_.grpc +
                        " does not accept the token; name its token file (DATA/token) with "
                        "--token-file or WEIR_TOKEN_FILE");
    case Code::kCanceled:
      return Status(Code::kAborted, base::kErrTimedOut,
                    "the scheduler at " + target_.grpc +
                        " ended the answer: it stops, or nothing was taken of it for minutes");
    case Code::kUnimplemented:
      return Status(code, base::kErrUnreachable,
                    "what answers at " + target_.grpc + " (from " + target_.source +
                        ") does not know this call: it is a scheduler of another version, or "
                        "another gRPC server");
    default:
      return Status(code, base::kErrInternal, parsed.message());
  }
}

bool Connection::try_again(const grpc::Status& status, int tries,
                           std::chrono::steady_clock::time_point started) const {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE || tries >= tries_max_) return false;
  // A numbered refusal (shutting down, the store cannot be written) is an answer, not a broken
  // connection.
  if (Status::parse(Code::kUnavailable, status.error_message()).error() != 0) return false;
  if (!answered_.load(std::memory_order_relaxed) && never_connected(status)) return false;
  if (std::chrono::steady_clock::now() - started > deadline_) return false;
  pause_for(kReconnectMin * (1 << std::min(tries, 3)));
  return true;
}

}  // namespace weir::client
