// Trigger rules read off the table of the semantics, from the states of the parents themselves: an
// oracle for the engine's counters, in unit tests and in the simulator's audit. Pure; borrows the
// engine's names of states and decisions, nothing that decides.
#pragma once

#include <vector>

#include "engine/plan/trigger_rule.h"
#include "engine/records.h"

namespace weir::test {

// One group of parents, by state; a parent that has not ended counts as waiting.
engine::Decision rule_decision(module::TriggerRule rule,
                               const std::vector<engine::TaskState>& parents);

}  // namespace weir::test
