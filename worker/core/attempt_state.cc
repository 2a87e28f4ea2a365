// One row a state. What follows a response is the agent's: nothing here sends anything or changes a
// state. An attempt that is not here has no state, which is an answer like the others; a message
// for it is usual, for messages cross.
#include "worker/core/attempt_state.h"

namespace weir::worker {

OrderResponse on_stop(std::optional<AttemptState> state) {
  if (!state) return OrderResponse::kReport;
  switch (*state) {
    case AttemptState::kPreparing:
    case AttemptState::kKeptBack:
    case AttemptState::kUploading:
      return OrderResponse::kReport;
    case AttemptState::kLaunched:
      return OrderResponse::kForward;
    case AttemptState::kFenced:
    case AttemptState::kReported:
      return OrderResponse::kIgnore;  // its report is the answer
  }
  return OrderResponse::kIgnore;
}

OrderResponse on_revoke(std::optional<AttemptState> state) {
  if (!state) return OrderResponse::kIgnore;
  switch (*state) {
    case AttemptState::kPreparing:
    case AttemptState::kKeptBack:
      return OrderResponse::kRelease;
    case AttemptState::kLaunched:
      return OrderResponse::kForward;
    case AttemptState::kFenced:
    case AttemptState::kUploading:
    case AttemptState::kReported:
      return OrderResponse::kIgnore;
  }
  return OrderResponse::kIgnore;
}

}  // namespace weir::worker
