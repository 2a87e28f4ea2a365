// Rows of alerts, their rules and silences to messages of the API, and rules back.
// Pure functions, safe from any thread.
// For the service, which has the messages anyway.
#pragma once

#include "base/status.h"
#include "engine/alerts/alert_rows.h"
#include "weir/v1/alert_service.pb.h"

namespace weir::rpc {

void to_proto(const engine::AlertRuleRow& row, v1::AlertRule* out);
void to_proto(const engine::AlertRow& row, v1::Alert* out);
void to_proto(const engine::SilenceRow& row, v1::Silence* out);

// What can be told from the message alone; the engine judges the rest. INVALID_ARGUMENT for a
// number of attempts or a limit that the event does not have.
base::Result<engine::AlertRuleRow> rule_from_proto(const v1::AlertRule& rule);

}  // namespace weir::rpc
