// The supervisor as the agent's process has it: started while that still has one thread and no
// gRPC, and asked over the one socket that both share. Nothing here waits for it: what it answers
// comes as events. One thread asks. No gRPC here, and no decision.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "worker/supervisor/process_tree.h"
#include "worker/supervisor/protocol.h"
#include "worker/supervisor/spawn.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

namespace v1 {
class SupervisorRequest;
class SupervisorResponse;
}  // namespace v1

inline constexpr std::chrono::seconds kSupervisorAnswerMax{20};  // later it counts as gone
inline constexpr std::chrono::seconds kSupervisorEndMax{20};     // later it is killed

// The answer to spawn().
struct ExecutorStarted {
  std::uint32_t executor = 0;
  base::Result<Spawned> spawned;
};

// The answer to end_strays().
struct StraysEnded {
  std::uint32_t executor = 0;
  std::uint64_t request = 0;
  int alive = 0;  // how many still were
};

// The death of an executor, as waitid(2) told it.
struct ExecutorDeath {
  std::uint32_t executor = 0;
  int code = 0;
  int status = 0;
  bool fenced = false;
};

using SupervisorEvent = std::variant<ExecutorStarted, StraysEnded, ExecutorDeath>;

// When an executor's attempt began.
struct ExecutorActivity {
  std::uint32_t executor = 0;
  std::uint64_t busy_since_ticks = 0;  // since boot; 0: it has none
};

// The supervisor ends, with everything below it, when this is destroyed and when this process dies
// in any way. One that answers nothing for kSupervisorAnswerMax counts as gone(); from then on
// calls do nothing. Requests are taken in order.
class SupervisorHandle {
 public:
  SupervisorHandle() = default;
  SupervisorHandle(Fd socket, int pid) : socket_(std::move(socket)), pid_(pid) {}
  SupervisorHandle(SupervisorHandle&& other) noexcept { *this = std::move(other); }
  SupervisorHandle& operator=(SupervisorHandle&& other) noexcept;
  ~SupervisorHandle() { end(); }

  // Readable when there is an event to take, or when the supervisor is gone.
  int fd() const { return socket_.get(); }
  int pid() const { return pid_; }
  bool gone() const { return gone_; }
  // Requests wait for room in the socket: take_events() when it is writable.
  bool wants_write() const { return !unsent_.empty() && !no_memory_; }
  // After how many milliseconds it is overdue(); -1: nothing is awaited.
  int wait_ms() const;
  // take_events() must be called, although there may be none.
  bool overdue() const { return waits_for_it() && wait_ms() <= 0; }

  // As spawn_executor(); its tag is `executor`. Answered by ExecutorStarted: RESOURCE_EXHAUSTED
  // also when this process has no descriptors left.
  void spawn(std::uint32_t executor, const SpawnRequest& request);
  // To the executor's process group, if it lives.
  void signal(std::uint32_t executor, int signal);
  void add_helpers(std::uint32_t executor, const std::vector<Helper>& helpers);
  // As signal_strays() with SIGKILL. `activities` are of all executors that may be asked for again.
  // Answered by StraysEnded with the number that is returned.
  std::uint64_t end_strays(std::uint32_t executor, Strays which,
                           const std::vector<ExecutorActivity>& activities);
  // Kills it and all that descends from it at that time, also when this process hangs by then.
  void fence(std::uint32_t executor, base::BootTime kill_at);
  void unfence(std::uint32_t executor);
  // The supervisor removes it at its end.
  void own_scratch(const std::string& directory);
  // The supervisor keeps the locked file open until nothing is left below it.
  void hold_lock(Fd lock);
  // What came. Never waits.
  std::vector<SupervisorEvent> take_events();
  // Closes the socket, on which the supervisor ends everything.
  void hang_up();
  // Hangs up, and waits until everything below the supervisor is dead; kills one that does not end.
  // Its exit status as of waitpid(2), 0 when it was not running.
  int end();

 private:
  using Clock = std::chrono::steady_clock;  // stands still while the machine sleeps
  struct Unsent {
    std::string bytes;
    Fd descriptor;
  };

  void send(const v1::SupervisorRequest& request, bool is_question = false, Fd descriptor = Fd());
  void flush();
  bool send_front();
  bool waits_for_it() const { return unanswered_ > 0 || !unsent_.empty(); }
  // One message, without waiting.
  std::optional<SupervisorEvent> receive();
  SupervisorEvent event_of(const v1::SupervisorResponse& response, Spawned spawned);

  Fd socket_;
  int pid_ = 0;
  bool gone_ = false;
  std::deque<Unsent> unsent_;  // bounded by kSupervisorAnswerMax
  bool no_memory_ = false;     // of the kernel, for the first of them, at tried_at_
  Clock::time_point tried_at_{};
  int unanswered_ = 0;
  Clock::time_point heard_at_{};  // or when something was asked of one that owed no answer
  std::uint64_t last_request_ = 0;
};

// Starts `PROGRAM supervisor`. Call it before gRPC and before any thread exists. It alone keeps the
// secrets of the environment from then on. Executors run as `stage_user`, one that
// find_stage_user() finds; empty: as this process does. RESOURCE_EXHAUSTED or INTERNAL with the
// reason when it cannot be started.
base::Result<SupervisorHandle> start_supervisor(const std::string& stage_user = "",
                                                const std::string& program = "/proc/self/exe");

}  // namespace weir::worker
