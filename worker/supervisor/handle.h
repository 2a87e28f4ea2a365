// How the supervisor process comes into being: started by the agent's process while
// that still has one thread and no gRPC, over one socket that both share. No gRPC
// here.
#pragma once

#include <string>

#include "sdk/base/status.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

// The started supervisor as its parent knows it. It ends when the socket closes: when this is
// destroyed, or when the parent dies in any way.
struct SupervisorHandle {
  Fd socket;
  int pid = 0;
};

// Starts `PROGRAM supervisor`. Call it before gRPC and before any thread exists. RESOURCE_EXHAUSTED
// or INTERNAL with the reason when it cannot be started.
base::Result<SupervisorHandle> start_supervisor(const std::string& program = "/proc/self/exe");

// The body of the hidden verb `weir supervisor`: runs until the starter is gone and everything
// below it is dead. Returns the exit code; 2 when it was not started by start_supervisor().
int supervisor_main(int argc, char** argv);

}  // namespace weir::worker
