// A worker, as `weir worker` and `weir up` start it. Two processes: the supervisor, which must be
// started first, and the agent, which runs on the calling thread. Free of gRPC, so that a main may
// include it before anything else.
#pragma once

#include <stop_token>

#include "base/status.h"
#include "worker/agent/options.h"
#include "worker/executors/supervisor_handle.h"  // start_supervisor()
#include "worker/supervisor/supervisor.h"        // supervisor_main()

namespace weir::worker {

// Runs until `stop` is requested and what ran has ended, or has been ended after drain_max_ms.
// Connects again for ever when the scheduler goes away. OK after a clean end. Otherwise why it
// cannot go on: ALREADY_EXISTS when another worker uses the data directory, UNAUTHENTICATED for a
// wrong token at the first connection, FAILED_PRECONDITION for a scheduler of another protocol
// version, ABORTED when another process connected under the same worker id, INTERNAL when the
// supervisor died. Blocks; call it from one thread. `supervisor` is consumed: everything below it
// is dead on return.
base::Status run_worker(const WorkerOptions& options, SupervisorHandle supervisor,
                        std::stop_token stop);

}  // namespace weir::worker
