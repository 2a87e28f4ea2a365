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

// Sends `signal` to what descends from `root`, apart from `root` itself, and returns how many of
// those were alive. `roots` are all executors: an orphan that is no helper and carries no mark is
// attributed by the time of its birth. The orphans of a helper that made a session of its own are
// known by that session.
int signal_strays(const TreeRoot& root, const std::vector<TreeRoot>& roots, Strays which,
                  int signal);

// Sends SIGKILL to all descendants of this process. Returns how many were alive.
int kill_all_descendants();

}  // namespace weir::worker
