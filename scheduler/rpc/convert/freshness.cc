// See freshness.h. Enums go by their words (enums.h).
// Pure functions.
// Members that hold nothing are left out.
#include "scheduler/rpc/convert/freshness.h"

#include <google/protobuf/timestamp.pb.h>

#include "base/errors.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/enums.h"
#include "scheduler/rpc/freshness_standing.h"

namespace weir::rpc {

void to_proto(const module::FreshnessSpec& spec, v1::FreshnessPolicy* out) {
  out->set_kind(to_proto_enum<v1::FreshnessKind>(spec.kind));
  out->set_fail_ms(spec.fail_ms);
  out->set_warn_ms(spec.warn_ms);
  out->set_cron(spec.cron);
  if (spec.kind == module::FreshnessKind::kBy) out->set_zone(spec.zone);
  out->set_lower_bound_ms(spec.lower_bound_ms);
  out->set_warn_margin_ms(spec.warn_margin_ms);
  if (spec.required_after_ms >= 0) out->set_required_after_ms(spec.required_after_ms);
  out->set_action(to_proto_enum<v1::FreshnessAction>(spec.action));
  out->set_expected_ms(spec.expected_ms);
}

void to_proto(const engine::FreshnessRow& row, v1::Freshness* out) {
  out->set_asset(row.asset);
  to_proto(row.spec, out->mutable_policy());
  out->set_description(description_of(row.spec));
  to_proto(row.since, out->mutable_since());
  out->set_state(freshness_state_to_proto(row.state));
  to_proto(row.state_since, out->mutable_state_since());
  out->set_paused(row.paused);
  out->set_paused_by(row.paused_by);
  out->set_pause_reason(row.pause_reason);
  out->set_failures(row.failures);
  if (row.retry_at) to_proto(*row.retry_at, out->mutable_retry_at());
  out->set_set_by(row.set_by);
  if (row.refresh_at) to_proto(*row.refresh_at, out->mutable_refresh_at());
}

base::Result<module::FreshnessSpec> from_proto(const v1::FreshnessPolicy& policy) {
  const auto kind = from_proto_enum<module::FreshnessKind>(policy.kind());
  const auto action = from_proto_enum<module::FreshnessAction>(policy.action());
  const bool default_action = policy.action() == v1::FRESHNESS_ACTION_UNSPECIFIED;
  if (!kind || (!action && !default_action)) {
    return base::Status(base::Code::kInvalidArgument, base::kErrUsage,
                        std::string("the policy needs a ") + (kind ? "known action" : "kind") +
                            " of those that the API names");
  }
  module::FreshnessSpec spec;
  spec.kind = *kind;
  spec.action = action.value_or(module::FreshnessAction::kRefresh);
  spec.fail_ms = policy.fail_ms();
  spec.warn_ms = policy.warn_ms();
  spec.cron = policy.cron();
  if (!policy.zone().empty()) spec.zone = policy.zone();
  spec.lower_bound_ms = policy.lower_bound_ms();
  spec.warn_margin_ms = policy.warn_margin_ms();
  if (policy.has_required_after_ms()) spec.required_after_ms = policy.required_after_ms();
  spec.expected_ms = policy.expected_ms();
  return spec;
}

v1::FreshnessState freshness_state_to_proto(engine::FreshnessState state) {
  return to_proto_enum<v1::FreshnessState>(state);
}

base::Result<std::optional<engine::FreshnessState>> freshness_state_from_proto(int state) {
  const auto known =
      from_proto_enum<engine::FreshnessState>(static_cast<v1::FreshnessState>(state));
  if (known || state == v1::FRESHNESS_STATE_UNSPECIFIED) return known;
  return base::Status(base::Code::kInvalidArgument, base::kErrUsage,
                      "there is no state of freshness " + std::to_string(state));
}

}  // namespace weir::rpc
