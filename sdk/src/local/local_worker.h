// The worker of a local run: threads that take leases and run their stages in this process. Leases
// and stops come from the loop thread; what happened is handed back through a queue that the loop
// waits on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "engine/effects.h"
#include "sdk/src/stage_runner.h"

namespace weir::sdk_impl {

// Real time, ahead by what was skipped. Safe from any thread.
class LocalClock {
 public:
  base::Now now() const;
  void skip(base::Duration duration);

 private:
  mutable std::mutex mutex_;
  base::Duration ahead_{};  // guarded by mutex_
};

// A word about progress is a line that stays: stages that are short print none.
inline constexpr std::chrono::milliseconds kLocalProgressEvery{2000};

using LocalReport = std::variant<engine::AttemptStarted, engine::AttemptFinished>;

class LocalWorker {
 public:
  struct Lease {
    engine::AttemptKey key;
    AttemptRequest request;
    base::Duration timeout{};  // zero: none
  };
  using LogSink = std::function<void(const std::string& task, const std::string& line)>;
  using ProgressSink =
      std::function<void(const std::string& task, const engine::Progress& progress)>;

  // What is given must outlive this.
  LocalWorker(StageRunner& runner, LocalClock& clock, LogSink on_log, ProgressSink on_progress,
              int threads);
  // Waits for the stages that run.
  ~LocalWorker();

  void take(Lease lease);
  // Asks a running stage to end; one that has not begun is reported as canceled at once.
  void stop(const engine::AttemptKey& key);
  // The oldest reports, after waiting for the first one until `deadline` at most; none when there
  // is none by then.
  std::vector<LocalReport> wait(std::optional<std::chrono::steady_clock::time_point> deadline);
  // Attempts that were taken and whose report was not fetched yet.
  std::vector<engine::AttemptKey> held() const;
  bool idle() const { return held().empty(); }

 private:
  class Sink;
  void work(const std::stop_token& stop);
  void run(Lease lease);
  void report(LocalReport report);
  bool stopped(const engine::AttemptKey& key) const;

  StageRunner& runner_;
  LocalClock& clock_;
  const LogSink on_log_;
  const ProgressSink on_progress_;
  mutable std::mutex mutex_;
  std::condition_variable_any leases_changed_;
  std::condition_variable reports_changed_;
  std::deque<Lease> leases_;                 // guarded by mutex_
  std::vector<LocalReport> reports_;         // guarded by mutex_
  std::map<engine::AttemptKey, bool> held_;  // guarded by mutex_; whether it was asked to end
  std::vector<std::jthread> threads_;        // last: joined first
};

}  // namespace weir::sdk_impl
