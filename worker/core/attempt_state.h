// The states of an attempt on a worker, and what a message of the scheduler means in each. Pure:
// values in, values out. The table of attempts is the ledger.
//
//   preparing ─► launched ─► uploading ─► reported ─► (acknowledged: forgotten)
//   kept back ─► (given back)    fenced ─► (ended: forgotten)
#pragma once

#include <cstddef>
#include <optional>

namespace weir::worker {

enum class AttemptState {
  kPreparing,  // its module or its inputs are being fetched
  kKeptBack,   // it came while the worker leaves: it is not begun, and given back at the end
  kLaunched,   // the executor pool has it
  kFenced,     // the executor pool ends it, and nobody wants to know: it is not held any more
  kUploading,  // it ended; its artifacts are on their way
  kReported,   // its report was given to the stream and is kept until acknowledged
};
inline constexpr std::size_t kAttemptStates = 6;

enum class OrderResponse {
  kIgnore,
  kForward,  // the executor pool must act
  kRelease,  // give it back now
  kReport,   // report it as canceled now
};

// The scheduler asks to stop it. Unknown attempts are reported as canceled too: the asker waits for
// an answer. So are those whose uploads are under way: they may never come to an end.
OrderResponse on_stop(std::optional<AttemptState> state);
// The scheduler wants it back if no executor has it.
OrderResponse on_revoke(std::optional<AttemptState> state);

}  // namespace weir::worker
