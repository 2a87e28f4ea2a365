// The agent: the worker's half that talks to the scheduler. One thread runs the loop between the
// session, the executors and the helpers that fetch, upload and ship; everything else only posts
// letters to it. What a message means for an attempt is decided by the ledger (worker/core).
#pragma once

#include <memory>
#include <stop_token>

#include "base/status.h"
#include "worker/agent/options.h"
#include "worker/executors/supervisor_handle.h"

namespace weir::worker {

class Agent {
 public:
  Agent(WorkerOptions options, SupervisorHandle supervisor);
  ~Agent();
  // See run_worker().
  base::Status run(std::stop_token stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::worker
