// What follows from events, after the command has been applied and before work is handed out: the
// notice of a run's end; later whatever else is derived and not asked for. An event that a reaction
// raises is reacted to in the same pass. Part of Engine's step.
#include <utility>

#include "engine/step.h"

namespace weir::engine {

void react(Step& step) {
  for (std::size_t i = 0; i < step.events.size(); ++i) {
    const auto* finished = std::get_if<RunFinished>(&step.events[i].event);
    // A copy: a reaction may raise events, which moves these.
    if (finished != nullptr) notify_end(step, RunFinished(*finished));
  }
}

}  // namespace weir::engine
