// What a worker is told when it starts. Zero and empty values stand for defaults that
// run_worker() fills in, some of them from the machine. Values only; free of gRPC, so that
// any main may include it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/local_session.h"

namespace weir::worker {

inline constexpr int kPrefetchPerSlot = 32;

struct WorkerOptions {
  std::string scheduler;  // "127.0.0.1:7601"
  // How sessions are opened when the scheduler is in this process; empty: over gRPC. Bulk bytes and
  // logs go over gRPC either way.
  base::OpenLocalSession open_session;
  std::string token;  // or, read again at every connection:
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
  // By name; the supervisor was started with the same. Empty: stages run as the worker does.
  std::string stage_user;
  std::string outer_dir;  // a folder of ours that data_dir is in and that the user may pass through
  std::int64_t drain_max_ms =
      60'000;  // how long running attempts may go on after a request to stop
};

}  // namespace weir::worker
