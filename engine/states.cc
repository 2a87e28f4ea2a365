// Which states are terminal, and that every state has its word. A new state breaks the build here
// until both are decided. Functions of their arguments, safe from any thread; the words themselves
// stand beside the enums in the header.
#include "engine/states.h"

namespace weir::engine {

static_assert(base::kWords<RunState>.size() == 1 + std::size_t(RunState::kCanceled));
static_assert(base::kWords<TaskState>.size() == 1 + std::size_t(TaskState::kCached));
static_assert(base::kWords<OutcomeClass>.size() == 1 + std::size_t(OutcomeClass::kReleased));
static_assert(base::kWords<ArtifactKind>.size() == 1 + std::size_t(ArtifactKind::kExternal));
static_assert(base::kWords<EventKind>.size() == 1 + std::size_t(EventKind::kAlertChanged));

bool terminal(RunState state) {
  switch (state) {
    case RunState::kQueued:
    case RunState::kRunning:
    case RunState::kCanceling:
      return false;
    case RunState::kSucceeded:
    case RunState::kFailed:
    case RunState::kCanceled:
      return true;
  }
  return true;
}

bool terminal(TaskState state) {
  switch (state) {
    case TaskState::kWaiting:
    case TaskState::kReady:
    case TaskState::kAssigned:
    case TaskState::kRunning:
    case TaskState::kUpForRetry:
      return false;
    case TaskState::kSucceeded:
    case TaskState::kFailed:
    case TaskState::kSkipped:
    case TaskState::kUpstreamFailed:
    case TaskState::kCanceled:
    case TaskState::kCached:
      return true;
  }
  return true;
}

bool terminal(OutcomeClass outcome) { return outcome != OutcomeClass::kNone; }

}  // namespace weir::engine
