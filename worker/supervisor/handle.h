// The supervisor as the agent's process has it: started while that still has one thread and no
// gRPC, and asked over the one socket that both share. One thread asks. No gRPC here, and no
// decision.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "worker/supervisor/process_tree.h"
#include "worker/supervisor/spawn.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

namespace v1 {
class SupervisorRequest;
class SupervisorResponse;
}  // namespace v1

// Of one message, either way: the activities of as many executors as there may be, and what a
// socket takes by default.
inline constexpr std::size_t kSupervisorMessageMax = 192u << 10;
inline constexpr std::chrono::seconds kSupervisorAnswerMax{20};  // later it counts as gone
inline constexpr std::chrono::seconds kSupervisorEndMax{20};     // later it is killed
inline constexpr std::size_t kSpawnedDescriptors = 3;            // socket, output, error
inline constexpr std::size_t kHelpersMax = 1024;  // of one executor; further ones are strays

// The death of an executor, as waitid(2) told it.
struct ExecutorDeath {
  std::uint32_t executor = 0;
  int code = 0;
  int status = 0;
  bool fenced = false;
};

// When an executor's attempt began.
struct ExecutorActivity {
  std::uint32_t executor = 0;
  std::uint64_t busy_since_ticks = 0;  // since boot; 0: it has none
};

// The supervisor ends, with everything below it, when this is destroyed and when this process dies
// in any way. spawn() and end_strays() wait for its answer, which takes as long as a fork or a look
// into /proc. One that does not answer counts as gone(); from then on calls do nothing.
class SupervisorHandle {
 public:
  SupervisorHandle() = default;
  SupervisorHandle(Fd socket, int pid) : socket_(std::move(socket)), pid_(pid) {}
  SupervisorHandle(SupervisorHandle&& other) noexcept { *this = std::move(other); }
  SupervisorHandle& operator=(SupervisorHandle&& other) noexcept;
  ~SupervisorHandle() { end(); }

  // Readable when there is a death to take, or when the supervisor is gone.
  int fd() const { return socket_.get(); }
  int pid() const { return pid_; }
  bool gone() const { return gone_; }

  // As spawn_executor(); its tag is `executor`. RESOURCE_EXHAUSTED also when this process has no
  // descriptors left, UNAVAILABLE when the supervisor is gone.
  base::Result<Spawned> spawn(std::uint32_t executor, const SpawnRequest& request);
  // To the executor's process group, if it lives.
  void signal(std::uint32_t executor, int signal);
  void add_helpers(std::uint32_t executor, const std::vector<Helper>& helpers);
  // As signal_strays() with SIGKILL. `activities` are of all executors that may be asked for again.
  int end_strays(std::uint32_t executor, Strays which,
                 const std::vector<ExecutorActivity>& activities);
  // Kills it and all that descends from it at that time, also when this process hangs by then.
  void fence(std::uint32_t executor, base::BootTime kill_at);
  void unfence(std::uint32_t executor);
  // The supervisor removes it at its end.
  void own_scratch(const std::string& directory);
  // Whether there are deaths that fd() does not tell of any more.
  bool has_deaths() const { return !deaths_.empty(); }
  // Deaths that were not taken yet. Never waits.
  std::vector<ExecutorDeath> take_deaths();
  // Closes the socket, on which the supervisor ends everything.
  void hang_up();
  // Hangs up, and waits until everything below the supervisor is dead; kills one that does not end.
  // Its exit status as of waitpid(2), 0 when it was not running.
  int end();

 private:
  bool send(const v1::SupervisorRequest& request);
  bool wait(short events, base::BootTime until);
  // One message, without waiting. Deaths are kept.
  bool receive(v1::SupervisorResponse& response, Spawned* spawned);
  bool answered(v1::SupervisorResponse& response, Spawned* spawned = nullptr);

  Fd socket_;
  int pid_ = 0;
  bool gone_ = false;
  std::vector<ExecutorDeath> deaths_;
};

// Starts `PROGRAM supervisor`. Call it before gRPC and before any thread exists. It alone keeps the
// secrets of the environment from then on. RESOURCE_EXHAUSTED or INTERNAL with the reason when it
// cannot be started.
base::Result<SupervisorHandle> start_supervisor(const std::string& program = "/proc/self/exe");

// The body of the hidden verb `weir supervisor`: runs until the starter is gone and everything
// below it is dead. Returns the exit code; 2 when it was not started by start_supervisor().
int supervisor_main(int argc, char** argv);

}  // namespace weir::worker
