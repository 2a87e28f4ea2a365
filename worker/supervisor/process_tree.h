// Finds and kills what descends from executors: children, and processes that left their session or
// whose parents died and that were therefore handed to the supervisor, which is the subreaper. One
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>
#include <sys/types.h>

#include "worker/supervisor/system.h"

namespace weir::worker {

// A process that lives as long as its executor: started by a resource.
struct Helper {
  pid_t pid = 0;
  std::uint64_t born = 0;  // clock ticks since boot
};

// One executor as the sweep sees it.
struct TreeRoot {
  std::uint32_t tag = 0;
  pid_t pid = 0;
  bool dead = false;             // reaped: the pid may be somebody else's by now
  std::uint64_t busy_since = 0;  // clock ticks since boot; 0: has no attempt
  std::vector<Helper> helpers = {};
};

// Of all that descends from an executor.
enum class Strays {
  kOfAttempt,  // without its helpers, and what descends from them
  kAll,
};

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

// Sends `signal` to what descends from `root`, apart from `root` itself, and returns how many of
// those were alive. `roots` are all executors: an orphan that is no helper and carries no mark is
// attributed by the time of its birth. The orphans of a helper that made a session of its own are
// known by that session.
int signal_strays(const TreeRoot& root, const std::vector<TreeRoot>& roots, Strays which,
                  int signal);

// Sends SIGKILL to all descendants of this process. Returns how many were alive.
int kill_all_descendants();

// Clock ticks since boot, as in /proc/PID/stat.
std::uint64_t ticks_since_boot();

// Resident bytes, 0 when the process is gone.
std::int64_t resident_bytes(pid_t pid);

// How many processes the kernel has killed for lack of memory since boot.
std::uint64_t kernel_oom_kills();

}  // namespace weir::worker
