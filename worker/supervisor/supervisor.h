// The supervisor process: starts executors, is the parent of what they leave behind, and ends it.
// It has one thread, because it forks, and does nothing else, so that it always answers. Whom to
// start and to end is decided in the agent's process; what must end even when the agent hangs was
// given a time to. When the agent is gone, everything below this process dies with it.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "worker/core/dispatch_actions.h"
#include "worker/supervisor/process_tree.h"
#include "worker/supervisor/stage_user.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

namespace v1 {
class AddHelpers;
class EndStrays;
class FenceExecutor;
class SignalExecutor;
class SpawnExecutor;
class SupervisorRequest;
class SupervisorResponse;
}  // namespace v1

inline constexpr int kRequestsPerTurn = 64;  // then it looks at fences and deaths again
inline constexpr base::Duration kFenceAgain = std::chrono::milliseconds(5);  // while anything lives
inline constexpr base::Duration kFenceMax = std::chrono::seconds(5);      // for what will not die
inline constexpr base::Duration kShutdownMax = std::chrono::seconds(10);  // then it complains

class Supervisor {
 public:
  // `agent` is the socket that was inherited, `secrets` of base::seal_secrets(). Executors run as
  // `user`; without one, as this process does.
  Supervisor(Fd agent, Fd secrets, std::optional<StageUser> user);
  // Runs until the agent is gone and every descendant is dead.
  void run();

 private:
  struct Child {
    TreeRoot root;
    base::BootTime fence = base::BootTime::max();  // when it is killed, and its strays looked for
    std::optional<base::BootTime> fenced;          // since when that is tried
  };
  struct Outgoing {
    std::string bytes;
    std::vector<Fd> descriptors;
  };

  int wait_ms() const;
  // One request; false when none is there.
  bool read_agent();
  void handle(const v1::SupervisorRequest& request, Fd descriptor);
  void spawn(const v1::SpawnExecutor& request);
  void signal(const v1::SignalExecutor& request);
  void add_helpers(const v1::AddHelpers& request);
  void end_strays(const v1::EndStrays& request);
  void fence(const v1::FenceExecutor& request);
  void enforce_fences();
  std::vector<TreeRoot> roots() const;
  void enforce_fence(Child& child, base::BootTime now);
  // Never waits: a fence must not wait for an agent that hangs.
  void send(const v1::SupervisorResponse& response, std::vector<Fd> descriptors = {});
  void flush();
  bool send_front();
  void reap();
  void shut_down();

  Fd lock_;  // first: let go of when nothing is left
  Fd agent_;
  Fd secrets_;  // every executor gets it
  const std::optional<StageUser> user_;
  Fd signals_;
  bool agent_gone_ = false;
  std::deque<Outgoing> outgoing_;          // at most a death for each executor, and one answer
  std::string scratch_;                    // removed at the end
  std::map<ExecutorId, Child> executors_;  // that run, or whose strays may still be asked for
};

// The body of the hidden verb `weir supervisor`: runs until the starter is gone and everything
// below it is dead. Returns the exit code; 2 when it was not started by start_supervisor().
int supervisor_main(int argc, char** argv);

}  // namespace weir::worker
