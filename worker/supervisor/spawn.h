// Starts executors. Only a single-threaded process may
// call this: the child runs our code between fork and
// exec.
#pragma once

#include <string>
#include <vector>
#include <sys/types.h>

#include "base/status.h"
#include "worker/supervisor/stage_user.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

inline constexpr int kExecutorFd = 3;             // of the socket, in the executor
inline constexpr int kSecretsFd = 4;              // of the secrets, in the executor
inline constexpr int kExecutorFilesMax = 65'536;  // RLIMIT_NOFILE, if the hard limit allows
inline constexpr int kExecutorOomScore = 500;     // the kernel should take executors first

struct SpawnRequest {
  std::string executable;  // absolute
  std::string directory;   // working directory; made when it is not there
  bool core_dumps = false;
  std::string tag = {};             // value of WEIR_EXECUTOR_ID, by which strays are recognised
  int secrets = -1;                 // of base::seal_secrets()
  const StageUser* user = nullptr;  // null: this process's own
};

struct Spawned {
  pid_t pid = 0;
  Fd socket;
  Fd standard_output;  // read ends, non-blocking
  Fd standard_error;
};

// RESOURCE_EXHAUSTED when the system refuses a process or a descriptor. A program that cannot be
// executed is not an error here: the child says why on its standard error and exits with 127.
base::Result<Spawned> spawn_executor(const SpawnRequest& request);

// RESOURCE_EXHAUSTED, with what to do about it.
base::Status cannot_start_executor(const std::string& why);

// The names that pass from the worker's environment to executors, apart from WEIR_*: what a program
// needs to find its user and its locale, and the options of sanitizers. Nothing that changes what
// the loader loads; no secrets.
bool environment_passes(std::string_view name);

// Name of the variable that marks every process below an executor.
inline constexpr std::string_view kTagVariable = "WEIR_EXECUTOR_ID";

}  // namespace weir::worker
