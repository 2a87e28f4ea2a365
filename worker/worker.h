// A worker, as `weir worker` and `weir up` start it. Two processes: the supervisor, which must be
// started first, and the agent, which runs on the calling thread. Free of gRPC, so that a main may
// include it before anything else.
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>

#include "sdk/base/status.h"
#include "worker/supervisor/handle.h"  // start_supervisor(), supervisor_main()

namespace weir::worker {

inline constexpr int kPrefetchPerSlot = 32;

struct WorkerOptions {
  std::string scheduler;  // "127.0.0.1:7601"
  std::string token;      // or, read again at every connection:
  std::string token_file;
  std::string data_dir;  // modules, artifacts, spool, scratch, worker_id, worker.lock
  std::string name;      // for people; the host's name when empty
  int slots = 0;         // 0: one per processor
  int prefetch = -1;     // leases beyond the slots; -1: kPrefetchPerSlot a slot
  std::map<std::string, std::string> labels;
  std::map<std::string, std::int32_t> resources;
  std::int64_t executor_memory_max =
      0;  // bytes resident of one executor; 0: nine tenths of the machine's
  bool core_dumps = false;
  std::int64_t drain_max_ms =
      60'000;  // how long running attempts may go on after a request to stop
};

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
