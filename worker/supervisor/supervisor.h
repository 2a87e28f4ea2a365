// The supervisor process: a single-threaded loop that owns executors, their log pipes and their
// process trees. It takes commands from the agent over one socket and ends, with everything below
// it, when that socket closes. Decisions are the dispatcher's (worker/core); this carries them out.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "worker/core/dispatcher.h"
#include "worker/supervisor/executor.h"
#include "worker/supervisor/frame_socket.h"
#include "worker/supervisor/process_tree.h"

namespace weir::worker {

inline constexpr Duration kMemorySampleEvery = std::chrono::milliseconds(500);
inline constexpr Duration kSweepEvery = std::chrono::milliseconds(5);  // while strays are dying
inline constexpr Duration kSettleMax = std::chrono::seconds(5);  // for strays that will not die
inline constexpr Duration kHangUpMax = std::chrono::seconds(2);  // from a closed socket to death
// While attempts wait, nobody waits for a report: they travel together. With an empty queue nothing
// is held.
inline constexpr Duration kReportHoldMax = std::chrono::milliseconds(1);
inline constexpr int kReportsHeldMax = 32;
inline constexpr Duration kLogNoticeEvery = std::chrono::milliseconds(50);
inline constexpr Duration kShutdownMax = std::chrono::seconds(10);
inline constexpr std::size_t kFinalDrainBytes = 16u
                                                << 20;  // of one pipe, once its writers are dead

class Supervisor {
 public:
  // `agent` is the socket that was inherited.
  explicit Supervisor(Fd agent);
  // Runs until the agent is gone and every descendant is dead.
  void run();

 private:
  struct Module {
    std::string executable;
    std::string manifest;
    std::string
        accepted;  // the manifest as an executor printed it, once it was found to be the same
  };

  // ---- supervisor.cc: the loop ----
  void wait();
  void handle(std::uint64_t tag, std::uint32_t events);
  void read_agent();
  void command(v1::SupervisorCommand& command);
  void configure(const v1::Configure& configure);
  void launch(v1::Launch& launch);
  void watch(int fd, std::uint64_t tag, bool write = false, bool change = false);
  void flush_agent();
  bool hold_reports();
  int wait_ms() const;
  void periodic();
  void tell_log_growth();
  void sample_memory();
  void shut_down();

  // ---- supervisor_executors.cc: executors ----
  void perform();
  void act(const SpawnExecutor& action);
  void act(const RunAttempt& action);
  void act(const TerminateTree& action);
  void act(const KillTree& action);
  void act(const RetireExecutor& action);
  void act(const ReturnAttempt& action);
  void act(const ReportStarted& action);
  void act(const ReportEnded& action);
  void act(const ReportReleased& action);
  void read_executor(Executor& executor);
  void respond(Executor& executor, v1::ExecutorResponse& response);
  void ready(Executor& executor, const v1::ExecutorReady& ready);
  void result(Executor& executor, v1::ExecutorResult& result);
  void settle(Executor& executor);
  void reap();
  void finish_dead(Executor& executor);
  void mark_dead(Executor& executor, int code, int status);
  void hung_up(Executor& executor);
  void sweep();
  void send_run(Executor& executor);
  void fill_run(Executor& executor, v1::ExecutorRun& run);
  void gathered(std::size_t bytes);
  void remove_scratch();
  std::vector<TreeRoot> roots() const;
  Executor* find(ExecutorId id);

  Fd epoll_;
  Fd signals_;
  FrameSocket agent_;
  bool agent_gone_ = false;
  bool agent_write_watched_ = false;
  Now now_;
  ForkCounter forks_;
  Dispatcher dispatcher_;
  DispatcherLimits limits_;
  Actions actions_;
  bool configured_ = false;
  std::string spool_dir_;
  std::string scratch_dir_;
  std::vector<AttemptKey> scratch_left_;  // of attempts that are reported
  std::string artifact_dir_;
  LogLimits log_limits_;
  bool core_dumps_ = false;
  std::unordered_map<Digest, Module> modules_;
  std::unordered_map<AttemptKey, std::unique_ptr<v1::Launch>> launches_;  // waiting for an executor
  std::map<ExecutorId, std::unique_ptr<Executor>> executors_;
  int sweeping_ = 0;  // executors that are dead, settling or hung up: looked at every kSweepEvery
  std::optional<BootTime> notice_at_;
  BootTime sample_at_{};
  bool ran_since_sample_ = false;
  v1::SupervisorResponse outgoing_;
  std::size_t outgoing_bytes_ = 0;      // of the reports in it
  std::optional<BootTime> hold_until_;  // of what is in outgoing_
};

// Words of the outcome: "canceled" and so on are the scheduler's; this is the key of an attempt on
// the wire.
AttemptKey key_of(const v1::AttemptId& id);
void set_key(const AttemptKey& key, v1::AttemptId* id);

// What the supervisor can limit on this host, for people.
std::string limits_achieved();

}  // namespace weir::worker
