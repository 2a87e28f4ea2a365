// What the dispatcher asks of the loop around it: executors to start, to end and to feed, and news
// of attempts for the agent. Values only, handed over in order on the agent's thread; an
// action must be carried out or lead to an event, for the dispatcher does not ask twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/sha256.h"

namespace weir::worker {

using base::AttemptKey;
using base::Digest;
using base::Now;

using ExecutorId = std::uint32_t;  // never used twice

// What ended an attempt; the loop makes the outcome class of it.
enum class EndedBy {
  kResult,    // the executor said how
  kExit,      // its executor died
  kNotReady,  // its executor died before it was ready, or could not be started
  kTooSlow,   // its executor was not ready in time
  kTimeout,
  kStop,
  kLease,
  kMemory,
  kProtocol,  // its executor sent what cannot be read
  kManifest,  // the module is not what was registered
};

struct SpawnExecutor {
  ExecutorId executor = 0;
  Digest module;
};
struct RunAttempt {
  ExecutorId executor = 0;
  AttemptKey key;
};
struct EndStrays {  // SIGKILL to what descends from it, apart from itself: strays_ended() follows
  ExecutorId executor = 0;
  bool with_helpers = false;  // also to what its resources started
};
struct BuryExecutor {  // its tree is dead: read what it said last, then gone()
  ExecutorId executor = 0;
};
struct ForgetExecutor {  // it is gone, and its attempt was reported or returned
  ExecutorId executor = 0;
};
struct TerminateTree {  // SIGTERM to the executor's process group
  ExecutorId executor = 0;
};
struct KillTree {  // SIGKILL to everything that descends from the executor
  ExecutorId executor = 0;
};
struct RetireExecutor {  // close its socket: an idle executor leaves by itself
  ExecutorId executor = 0;
};
struct ReturnAttempt {  // the executor died before it read the attempt: it waits again, for another
  ExecutorId executor = 0;
  AttemptKey key;
};
struct ReportStarted {
  AttemptKey key;
  Now started;
};
struct ReportEnded {
  AttemptKey key;
  EndedBy by = EndedBy::kResult;
  ExecutorId executor = 0;     // 0: no executor had it
  std::string reason;          // of kStop and kProtocol
  std::optional<Now> started;  // absent when it was never handed to an executor
  Now ended;
};
struct ReportReleased {
  AttemptKey key;
  std::string reason;
};
using Action = std::variant<SpawnExecutor, RunAttempt, EndStrays, BuryExecutor, ForgetExecutor,
                            TerminateTree, KillTree, RetireExecutor, ReturnAttempt, ReportStarted,
                            ReportEnded, ReportReleased>;
using Actions = std::vector<Action>;

}  // namespace weir::worker
