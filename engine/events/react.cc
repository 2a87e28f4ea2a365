// What follows from events, after the command has been applied and before work is handed out: the
// run of a schedule that waited for another's end, what freshness makes of it. Alerts follow last,
// see alerts/alert_reactions.cc. An event that a reaction raises is reacted to in the same pass.
// Part of Engine's step.
#include <utility>

#include "engine/freshness/freshness_step.h"
#include "engine/schedules/schedule_step.h"
#include "engine/step.h"

namespace weir::engine {

void react(Step& step) {
  while (step.reacted < step.events.size()) {
    const auto* finished = std::get_if<RunFinished>(&step.events[step.reacted++].event);
    if (finished == nullptr) continue;
    const RunFinished end = *finished;  // a copy: a reaction may raise events, which moves these
    if (end.origin.kind == OriginKind::kSchedule) schedule_run_ended(step, end);
    freshness_after_run(step, end);
  }
}

}  // namespace weir::engine
