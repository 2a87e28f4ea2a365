// The executors of a worker: their sockets, log pipes and attempts. Decisions are the dispatcher's
// (worker/core), processes are the supervisor's; this carries out the ones with the others. It has
// no thread of its own: the agent calls it, and waits in it. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "worker/core/dispatcher.h"
#include "worker/executors/attempt.h"
#include "worker/executors/executor.h"
#include "worker/executors/process_stats.h"
#include "worker/executors/remover.h"
#include "worker/executors/reports.h"
#include "worker/executors/supervisor_handle.h"
#include "worker/supervisor/file_stamp.h"
#include "worker/supervisor/stage_user.h"

namespace weir::worker {

inline constexpr Duration kMemorySampleEvery = std::chrono::milliseconds(500);
// While attempts wait, nobody waits for a report: they travel together. With an empty queue nothing
// is held.
inline constexpr Duration kReportHoldMax = std::chrono::milliseconds(1);
inline constexpr std::size_t kReportsHeldMax = 32;
inline constexpr Duration kLogNoticeEvery = std::chrono::milliseconds(50);
// What stages say of their progress: the first word at once, and then the newest of all together.
inline constexpr Duration kProgressNoticeEvery = std::chrono::milliseconds(500);
inline constexpr std::size_t kProgressBytesMax = 1024;  // of a message; the scheduler wants fewer
inline constexpr Duration kFenceDelay = std::chrono::milliseconds(100);  // behind the lease
inline constexpr int kExecutorsSpare = 4;  // warm ones beside those that fill the slots
inline constexpr std::size_t kFinalDrainBytes = 16u
                                                << 20;  // of one pipe, once its writers are dead

struct ExecutorPoolOptions {
  DispatcherLimits limits;
  std::string spool_dir;
  std::string scratch_dir;   // of the first configure() for good; what is there then is removed
  std::string artifact_dir;  // where executors put large values
  // Instead of there, in a folder of each attempt: this is the stage user's own.
  std::string staging_dir;
  std::optional<StageUser> stage_user;  // who runs them, if not this process's user
  std::int64_t disk_reserve = 0;        // bytes of the disks of logs and values that are left free
  LogLimits logs;
  bool core_dumps = false;
};

class ExecutorPool {
 public:
  // `also`: a descriptor of the owner that wait() is to wait for too, -1: none.
  ExecutorPool(SupervisorHandle supervisor, int also);

  // Comes first, and may come again: attempts that run keep what they were given.
  void configure(const ExecutorPoolOptions& options);
  // Where a verified module lies, with the manifest as registered. Comes before its first launch.
  // `files` are all of it as they were verified: while they are not the same, nothing is started.
  void define_module(const Digest& module, const std::string& executable,
                     const std::string& manifest_json, std::vector<FileStamp> files = {});

  // ---- attempts: what becomes of them is told by take_events() ----
  // The launch stays where it is until its end or release was taken. An attempt that is here
  // already is ignored.
  void launch(Launch& launch);
  void halt(const AttemptKey& key, const std::string& reason);
  // Gives it back if no executor has it.
  void withdraw(const AttemptKey& key);
  void drain(bool draining);
  // Until when attempts may run without news from the scheduler. Those with side effects end then
  // also when nobody calls wait() any more.
  void set_lease(BootTime side_effects_until, BootTime others_until);

  // The newest words of all attempts are told once more: whoever was told them may have lost them.
  void repeat_progress();

  // Waits until something happened, at most `ms_max` (-1: as long as it takes), and acts on it.
  // True when `also` is readable.
  bool wait(int ms_max);
  // In order. Few reports may be held back for a moment so that more travel together.
  std::vector<PoolEvent> take_events();
  // Held until nothing lives below the supervisor, whatever becomes of this process.
  void hold_lock(Fd lock) { supervisor_.hold_lock(std::move(lock)); }
  // The supervisor ended, and every executor with it.
  bool lost() const { return supervisor_.gone(); }
  // Ends all executors and the supervisor, and waits for that. Its exit status.
  int end();

 private:
  struct Module {
    std::string executable;
    std::string manifest;
    std::vector<FileStamp> files;
    std::string
        accepted;  // the manifest as an executor printed it, once it was found to be the same
  };

  // ---- executor_pool.cc: waiting, time, what the owner says ----
  void prepare_scratch();
  void handle(std::uint64_t tag, std::uint32_t events);
  void watch(int fd, std::uint64_t tag, bool write = false, bool change = false);
  void watch_supervisor();
  void tell_progress();
  bool hold_reports();
  int wait_ms() const;
  void periodic();
  void tell_log_growth();
  void sample_memory();

  // ---- executor_pool_executors.cc: executors ----
  void perform();
  void act(const SpawnExecutor& action);
  void act(const RunAttempt& action);
  void act(const EndStrays& action);
  void act(const BuryExecutor& action);
  void act(const ForgetExecutor& action);
  void act(const TerminateTree& action);
  void act(const KillTree& action);
  void act(const RetireExecutor& action);
  void act(const ReturnAttempt& action);
  void act(const ReportStarted& action);
  void act(const ReportEnded& action);
  void act(const ReportReleased& action);
  void attach(Executor& executor, const AttemptSpec& attempt);
  void take_supervisor_events();
  void on_event(ExecutorStarted& started);
  void on_event(const StraysEnded& ended);
  void on_event(const ExecutorDeath& death);
  void read_executor(Executor& executor);
  void respond(Executor& executor, v1::ExecutorResponse& response);
  void ready(Executor& executor, const v1::ExecutorReady& ready);
  void result(Executor& executor, v1::ExecutorResult& result);
  void keep_helpers(Executor& executor, const v1::ExecutorResult& result);
  void settle(Executor& executor);
  void let_go(Executor& executor);
  void end_attempt(Executor& executor, const ReportEnded& action, AttemptEnded& ended);
  DeathReport death_of(const Executor& executor, const ReportEnded& action) const;
  void fence(const Executor& executor);
  void send_run(Executor& executor);
  void ask_for_strays(Executor& executor, Strays which);
  Executor* find(ExecutorId id);

  SupervisorHandle supervisor_;
  bool supervisor_write_watched_ = false;
  Fd epoll_;
  bool also_readable_ = false;
  Now now_;
  ForkCounter forks_;
  Dispatcher dispatcher_;
  ExecutorPoolOptions options_;
  std::string scratch_dir_;  // our own, below that of the options
  BootTime side_effects_until_ = BootTime::max();
  Actions actions_;
  bool performing_ = false;
  std::vector<std::string> scratch_left_;  // of attempts that are reported and executors that ended
  std::unordered_map<Digest, Module> modules_;
  std::map<ExecutorId, std::unique_ptr<Executor>> executors_;
  std::optional<BootTime> notice_at_;
  std::optional<BootTime> progress_at_;  // of the next notice; none: there is no news
  BootTime progress_told_at_{};
  BootTime sample_at_{};
  bool ran_since_sample_ = false;
  std::vector<PoolEvent> events_;
  std::optional<BootTime> hold_until_;  // of events_
  std::optional<Remover> remover_;      // until end()
};

// What the supervisor can limit on this host, for people.
std::string limits_achieved();

}  // namespace weir::worker
