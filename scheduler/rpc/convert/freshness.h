// Rows of freshness policies to messages of the API.
// Pure functions, safe from any thread.
// For the services, which have the messages anyway.
#pragma once

#include <optional>

#include "base/status.h"
#include "engine/rows/freshness_rows.h"
#include "weir/v1/freshness_service.pb.h"

namespace weir::rpc {

void to_proto(const module::FreshnessSpec& spec, v1::FreshnessPolicy* out);
// Without what is computed: the pipeline, the last time, the age, the next change, the problem.
void to_proto(const engine::FreshnessRow& row, v1::Freshness* out);
v1::FreshnessState freshness_state_to_proto(engine::FreshnessState state);

// Whether it can be is the engine's to say. INVALID_ARGUMENT for a kind or action that is none.
base::Result<module::FreshnessSpec> from_proto(const v1::FreshnessPolicy& policy);

// The enum's number as the generated code has it; 0 is "any".
base::Result<std::optional<engine::FreshnessState>> freshness_state_from_proto(int state);

}  // namespace weir::rpc
