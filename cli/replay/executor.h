// A module's executor as a child of the command line: starts it, under gdb if wanted, gives it one
// attempt, takes its one result. Nothing is published.
// Blocking; main thread.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "weir/worker/v1/executor.pb.h"

namespace weir::cli {

inline constexpr std::size_t kFrameBytesMax = 64u << 20;

struct ExecutorEnd {
  bool has_result = false;
  weir::worker::v1::Finished finished;
  int exit_code = -1;  // -1: it ended by a signal
  int signal = 0;
};

struct ExecutorCall {
  std::string program;
  bool gdb = false;
  std::string task;                   // its stage is looked up in the executor's own manifest
  weir::worker::v1::ExecutorRun run;  // without the stage
  std::function<void(const std::string&)> log;  // one JSON object a line
};

// UNAVAILABLE when it cannot be started, NOT_FOUND when its pipeline has no such stage, INTERNAL
// when it breaks the protocol. A crash is no error: `has_result` is false then.
base::Result<ExecutorEnd> run_executor(ExecutorCall call);

}  // namespace weir::cli
