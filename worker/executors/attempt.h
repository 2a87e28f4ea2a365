// An attempt on its way through the executor pool: what the agent gives, and what it is told.
// Values only; whoever holds one may change it. Nothing of processes: those are of the executor
// that has the attempt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "weir/worker/v1/executor.pb.h"
#include "worker/core/dispatch_actions.h"
#include "worker/executors/spool.h"

namespace weir::worker {

// What an executor will be sent: the assignment as it came, and where its inputs are.
struct Launch {
  v1::ExecutorRequest request;
  bool side_effects = false;

  const v1::Assign& assign() const { return request.run().assign(); }
  v1::ExecutorRun& run() { return *request.mutable_run(); }
};

struct AttemptStarted {
  AttemptKey key;
  Now started;
};
struct AttemptEnded {
  AttemptKey key;
  v1::Finished finished;
  std::vector<LogSize> logs;  // only streams that have something
  // It did not load as registered: verify its files before its next use.
  std::optional<Digest> suspect_module;
};
struct AttemptReleased {  // it was not begun
  AttemptKey key;
  std::string reason;
};
struct LogsGrew {
  AttemptKey key;
  std::vector<LogSize> logs;
};
struct AttemptsProgressed {  // those that had something to say since the last time
  std::vector<std::pair<AttemptKey, v1::Progress>> attempts;
};
using PoolEvent =
    std::variant<AttemptStarted, AttemptEnded, AttemptReleased, LogsGrew, AttemptsProgressed>;

// The key of an attempt on the wire.
AttemptKey key_of(const v1::AttemptId& id);
void set_key(const AttemptKey& key, v1::AttemptId* id);

}  // namespace weir::worker
