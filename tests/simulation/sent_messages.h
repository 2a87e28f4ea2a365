// What the scheduler sends to a simulated worker, for the flow that real sessions have: messages as
// the engine makes them, and frames of them. Sizes are made up, but in proportion: an assignment is
// large, and what it waits for larger. Values only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "engine/effects.h"
#include "scheduler/rpc/session/session_flow.h"

namespace weir::simulation {

struct SentFrame {
  std::optional<std::int64_t> heard;
  std::vector<engine::Send> messages;
};

struct SentMessages {
  using Message = engine::Send;
  using Frame = SentFrame;

  static rpc::MessageClass class_of(const Message& sent) {
    if (std::holds_alternative<engine::Assign>(sent.message)) return rpc::MessageClass::kAssign;
    if (std::holds_alternative<engine::Revoke>(sent.message)) return rpc::MessageClass::kFollows;
    const bool withdraws = std::holds_alternative<engine::Stop>(sent.message) ||
                           std::holds_alternative<engine::Acknowledge>(sent.message);
    return withdraws ? rpc::MessageClass::kWithdraws : rpc::MessageClass::kControl;
  }
  static base::AttemptKey attempt_of(const Message& sent) {
    return std::visit(
        [](const auto& message) -> base::AttemptKey {
          if constexpr (requires { message.key; }) return message.key;
          return {};
        },
        sent.message);
  }
  static std::size_t bytes_of(const Message& sent) {
    return std::holds_alternative<engine::Assign>(sent.message) ? 400 : 20;
  }
  static void add(Frame& frame, Message&& sent) { frame.messages.push_back(std::move(sent)); }
  static void add_heard(Frame& frame, std::int64_t sent_at_us) { frame.heard = sent_at_us; }
};

using SentFlow = rpc::SessionFlow<SentMessages>;

}  // namespace weir::simulation
