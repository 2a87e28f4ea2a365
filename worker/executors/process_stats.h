// What the kernel tells of processes: how many were made, how much memory one
// holds, whether some were killed for lack of it. For the agent's process; nothing
// here waits or kills.
#pragma once

#include <cstdint>
#include <sys/types.h>

#include "worker/supervisor/system.h"

namespace weir::worker {

// Counts processes and threads made on this machine: while it stands still nobody has forked.
// Cheap.
class ForkCounter {
 public:
  ForkCounter();
  // The newest process id, 0 when it cannot be known.
  std::uint64_t read() const;

 private:
  Fd file_;
};

// Clock ticks since boot, as in /proc/PID/stat.
std::uint64_t ticks_since_boot();

// Resident bytes, 0 when the process is gone.
std::int64_t resident_bytes(pid_t pid);

// How many processes the kernel has killed for lack of memory since boot.
std::uint64_t kernel_oom_kills();

}  // namespace weir::worker
