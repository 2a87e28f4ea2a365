// See alerts.h. Enums go by their words (enums.h).
// Pure functions.
// Members that hold nothing are left out.
#include "scheduler/rpc/convert/alerts.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include "base/errors.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/enums.h"

namespace weir::rpc {
namespace {

using google::protobuf::util::TimeUtil;

base::Status bad_rule(const v1::AlertRule& rule, const std::string& what) {
  return {base::Code::kInvalidArgument, base::kErrUsage,
          "alert rule '" + rule.name() + "': " + what};
}

}  // namespace

void to_proto(const engine::AlertRuleRow& row, v1::AlertRule* out) {
  out->set_name(row.name);
  out->set_event(to_proto_enum<v1::AlertEvent>(row.event));
  out->mutable_selection()->Add(row.selection.begin(), row.selection.end());
  if (row.event == engine::AlertEvent::kTaskFailed) {
    out->set_attempts(std::int32_t(row.threshold));
  } else if (row.threshold > 0) {
    *out->mutable_limit() = TimeUtil::MillisecondsToDuration(row.threshold);
  }
  out->set_webhook(row.webhook);
  out->set_channel(row.channel);
  out->set_secret(row.secret);
  to_proto(row.changed_at, out->mutable_changed_at());
  out->set_changed_by(row.changed_by);
  out->set_pipeline(row.pipeline);
  out->set_over_usual(row.over_usual);
}

void to_proto(const engine::AlertRow& row, v1::Alert* out) {
  out->set_id(row.id);
  out->set_rule(row.rule);
  out->set_event(to_proto_enum<v1::AlertEvent>(row.event));
  out->set_subject(row.subject);
  out->set_state(to_proto_enum<v1::AlertState>(row.state));
  to_proto(row.since, out->mutable_since());
  to_proto(row.last, out->mutable_last_at());
  if (row.resolved_at) to_proto(*row.resolved_at, out->mutable_resolved_at());
  out->set_count(row.count);
  out->set_text(row.text);
  out->set_next(row.next);
  if (row.run) out->set_run_id(row.run.text());
  out->set_delivery(to_proto_enum<v1::AlertDelivery>(row.delivery));
  out->set_failure(row.failure);
}

void to_proto(const engine::SilenceRow& row, v1::Silence* out) {
  out->set_id(row.id);
  out->set_rule(row.rule);
  out->set_subject(row.subject);
  if (row.until) to_proto(*row.until, out->mutable_until());
  out->set_reason(row.reason);
  to_proto(row.since, out->mutable_since());
  out->set_by(row.by);
}

base::Result<engine::AlertRuleRow> rule_from_proto(const v1::AlertRule& rule) {
  const auto event = from_proto_enum<engine::AlertEvent>(rule.event());
  if (!event) return bad_rule(rule, "it names no event to look for");
  engine::AlertRuleRow row;
  row.name = rule.name();
  row.event = *event;
  row.selection.assign(rule.selection().begin(), rule.selection().end());
  row.webhook = rule.webhook();
  row.channel = rule.channel();
  row.secret = rule.secret();
  const bool attempts = *event == engine::AlertEvent::kTaskFailed;
  if (rule.attempts() != 0 && !attempts) {
    return bad_rule(rule, "only task_failed counts attempts");
  }
  if (rule.has_limit() && attempts) return bad_rule(rule, "task_failed has no limit of time");
  row.threshold = rule.attempts();
  row.over_usual = rule.over_usual();
  if (!rule.has_limit()) return row;
  const auto& limit = rule.limit();
  if (limit.seconds() < 0 || limit.seconds() > TimeUtil::kDurationMaxSeconds || limit.nanos() < 0) {
    return bad_rule(rule, "its limit is no length of time");
  }
  row.threshold = TimeUtil::DurationToMilliseconds(rule.limit());
  return row;
}

}  // namespace weir::rpc
