// The flow of the worker protocol's messages: see session_flow.h. What of them is control, and what
// of control may overtake an assignment: a stop and an acknowledgement leave nothing to send, a
// revocation must be answered. Values only.
#pragma once

#include <cstdint>
#include <utility>

#include "scheduler/rpc/convert/worker.h"
#include "scheduler/rpc/limits.h"
#include "scheduler/rpc/session/session_flow.h"
#include "weir/worker/v1/worker.pb.h"

namespace weir::rpc {

struct WireMessages {
  using Message = worker::v1::SchedulerMessage;
  using Frame = worker::v1::SessionResponse;

  static MessageClass class_of(const Message& message) {
    switch (message.message_case()) {
      case Message::kAssign:
        return MessageClass::kAssign;
      case Message::kStop:
      case Message::kAcknowledge:
        return MessageClass::kWithdraws;
      case Message::kRevoke:
        return MessageClass::kFollows;
      default:
        return MessageClass::kControl;
    }
  }
  static base::AttemptKey attempt_of(const Message& message) {
    if (message.has_assign()) return from_proto(message.assign().attempt());
    if (message.has_stop()) return from_proto(message.stop().attempt());
    if (message.has_revoke()) return from_proto(message.revoke().attempt());
    return from_proto(message.acknowledge().attempt());
  }
  static std::size_t bytes_of(const Message& message) { return message.ByteSizeLong(); }
  static void add(Frame& frame, Message&& message) { *frame.add_messages() = std::move(message); }
  static void add_heard(Frame& frame, std::int64_t sent_at_us) {
    frame.add_messages()->mutable_heard()->set_sent_at_us(sent_at_us);
  }
};

using OutgoingQueue = SessionFlow<WireMessages>;

inline constexpr FlowLimits kSessionFlowLimits{.frame_bytes_max = kFrameBytesMax,
                                               .messages_max = kSessionQueueMax,
                                               .bytes_max = kSessionQueueBytesMax,
                                               .messages_hard_max = kSessionQueueHardMax,
                                               .bytes_hard_max = kSessionQueueBytesHardMax,
                                               .stall_max = kSessionStallMax};

}  // namespace weir::rpc
