// What people ask of alerts, and what the scheduler says of messages and of its disk: see
// engine/commands.h, which has the other commands. Secrets travel as references, never themselves.
// Values only, safe to hand from thread to thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/alerts/alert_rows.h"
#include "engine/schedules/schedule_commands.h"

namespace weir::engine {

// Made, or changed as a whole; its alerts that fire go on. Answered with its name.
struct PutAlertRule {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  AlertRuleRow rule;
  bool create = true;  // false: it must be there
  std::string by;
};

// Its alerts are resolved without a message. Answered with its name.
struct DeleteAlertRule {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::string name;
  std::string by;
};

// Those that are paused find nothing, and what they had found is resolved without a message; a
// declared rule stays paused when its module is registered again. Answered with the names of those
// that this changed.
struct PauseAlertRules {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::vector<std::string> names;
  bool pause = true;  // false: they go on from now
  std::string reason;
  std::string by;
};

// Sends a message by the rule's channel, silenced, paused or not. Answered with the number of its
// alert.
struct TestAlertRule {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::string name;
  std::string by;
};

// Answered with its number.
struct SilenceAlerts {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  SilenceRow silence;  // rule, subject, until and reason
  std::string by;
};

struct UnsilenceAlerts {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::int64_t id = 0;
  std::string by;
};

// A try to deliver a message failed; after the last one it is a dead letter.
struct OutboxUndelivered {
  static constexpr Sender kSender = Sender::kScheduler;
  std::int64_t id = 0;
  std::string why;
  bool last = false;
};

// How the disk of the data directory stands. While it is low no run begins.
struct DiskChecked {
  static constexpr Sender kSender = Sender::kScheduler;
  bool low = false;
  std::string why;  // how low: "1.2 GiB are free of …"
};

}  // namespace weir::engine
