// One row a state. What follows a verdict is the agent's: nothing here sends anything or changes a
// state. An attempt that is not here has no state, which is an answer like the others; a message
// for it is usual, for messages cross.
#include "worker/core/attempt_state.h"

namespace weir::worker {

Verdict on_stop(std::optional<AttemptState> state) {
  if (!state) return Verdict::kReport;
  switch (*state) {
    case AttemptState::kPreparing:
    case AttemptState::kKeptBack:
    case AttemptState::kUploading:
      return Verdict::kReport;
    case AttemptState::kLaunched:
      return Verdict::kForward;
    case AttemptState::kFenced:
    case AttemptState::kReported:
      return Verdict::kIgnore;  // its report is the answer
  }
  return Verdict::kIgnore;
}

Verdict on_revoke(std::optional<AttemptState> state) {
  if (!state) return Verdict::kIgnore;
  switch (*state) {
    case AttemptState::kPreparing:
    case AttemptState::kKeptBack:
      return Verdict::kRelease;
    case AttemptState::kLaunched:
      return Verdict::kForward;
    case AttemptState::kFenced:
    case AttemptState::kUploading:
    case AttemptState::kReported:
      return Verdict::kIgnore;
  }
  return Verdict::kIgnore;
}

}  // namespace weir::worker
