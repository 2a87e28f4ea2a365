// The supervisor process: starts executors, is the parent of what they leave behind, and ends it.
// It has one thread, because it forks, and does nothing else, so that it always answers. Whom to
// start and to end is decided in the agent's process; what must end even when the agent hangs was
// given a time to. When the agent is gone, everything below this process dies with it.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "sdk/base/ids.h"
#include "worker/core/dispatch_actions.h"
#include "worker/supervisor/process_tree.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

namespace v1 {
class AddHelpers;
class EndStrays;
class FenceExecutor;
class SignalExecutor;
class SpawnExecutor;
class SupervisorResponse;
}  // namespace v1

inline constexpr base::Duration kShutdownMax = std::chrono::seconds(10);

class Supervisor {
 public:
  // `agent` is the socket that was inherited.
  explicit Supervisor(Fd agent);
  // Runs until the agent is gone and every descendant is dead.
  void run();

 private:
  struct Child {
    TreeRoot root;
    base::BootTime fence = base::BootTime::max();  // when it is killed
    bool fenced = false;                           // it was
  };

  int wait_ms() const;
  void read_agent();
  void spawn(const v1::SpawnExecutor& request);
  void signal(const v1::SignalExecutor& request);
  void add_helpers(const v1::AddHelpers& request);
  void end_strays(const v1::EndStrays& request);
  void fence(const v1::FenceExecutor& request);
  void enforce_fences();
  std::vector<TreeRoot> roots() const;
  // False, with errno, when it could not be sent for want of memory or descriptors.
  bool send(const v1::SupervisorResponse& response, const std::vector<int>& descriptors = {});
  void reap();
  void shut_down();

  Fd agent_;
  Fd signals_;
  bool agent_gone_ = false;
  std::string scratch_;                    // removed at the end
  std::map<ExecutorId, Child> executors_;  // that run, or whose strays may still be asked for
};

}  // namespace weir::worker
