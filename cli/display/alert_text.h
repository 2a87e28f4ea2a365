// How commands show what the API says of alerts: states, deliveries, what a rule looks for.
// Functions of messages, but for the local time zone, which --tz sets before any command runs.
// Main thread.
#pragma once

#include <string>

#include "base/status.h"
#include "cli/invocation.h"
#include "weir/v1/alert_service.pb.h"

namespace weir::cli {

// "run_failed" and back. INVALID_ARGUMENT names all events, and the nearest.
std::string alert_event_word(v1::AlertEvent event);
base::Result<v1::AlertEvent> parse_alert_event(const std::string& word);

// "firing", red.
Cell alert_state(const v1::Alert& alert);
// "delivered", "undelivered".
Cell alert_delivery(const v1::Alert& alert);

Cell rule_state(const v1::AlertRule& rule);  // "active", "paused"
// "run_slow over 2 h 00 m", "task_failed from 3 attempts on".
std::string rule_event_text(const v1::AlertRule& rule);
// "channel ops", "https://hooks.example/…": a webhook's path may be a secret; "-": it only records.
std::string rule_target_text(const v1::AlertRule& rule);

// All of it, a line each.
std::string alert_description(const Painter& paint, const v1::Alert& alert);
std::string rule_description(const Painter& paint, const v1::AlertRule& rule);

}  // namespace weir::cli
