// The worker of a dry run: it takes every attempt that it is handed, and reports its end when its
// time is over. How long a task takes and whether it fails is given, known from history, or
// guessed. Runs no code; time is whatever the caller says it is. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dryrun/dry_run.h"
#include "engine/effects.h"
#include "engine/state.h"

namespace weir::dryrun {

inline constexpr const char* kWorkerName = "simulated";

class VirtualWorker {
 public:
  // Both outlive this.
  VirtualWorker(const Options& options, const World& world)
      : options_(options), world_(world), claimed_(options.failures.size()) {}

  // An attempt of a run that the state holds. When it began, when that was before now.
  void take(const engine::State& state, const engine::AttemptKey& key, WallTime now,
            std::optional<WallTime> began = {});
  // Ends it now: its report is due at once.
  void stop(const engine::AttemptKey& key, WallTime now);
  // All that it holds is gone.
  void lose_all();

  std::optional<WallTime> next_end() const;
  // The report of the first that has ended by now, taken out.
  std::optional<engine::AttemptFinished> pop_ended(WallTime now);
  std::vector<engine::AttemptKey> held() const;
  // The run's tasks take no time.
  void hurry(RunId run) { hurried_.insert(run); }
  const std::set<std::string>& guessed() const { return guessed_; }  // tasks, by name

 private:
  struct Held {
    engine::AttemptFinished report;
    WallTime ends{};
    std::uint64_t order = 0;
  };

  std::optional<Duration> given(const std::string& pipeline, const std::string& task) const;
  Duration duration_of(const engine::Run& run, const engine::Task& task);
  bool fails(const engine::Run& run, const engine::Task& task, WallTime began);
  void succeed(const engine::Task& task, engine::AttemptFinished& report);

  const Options& options_;
  const World& world_;
  std::vector<RunId> claimed_;  // by failure without an end: whose attempts fail
  std::set<RunId> hurried_;
  std::set<std::string> guessed_;
  std::map<std::string, Duration> known_;  // by first asset: of history
  std::map<engine::AttemptKey, Held> held_;
  std::set<std::tuple<WallTime, std::uint64_t, engine::AttemptKey>> by_end_;
  std::uint64_t orders_ = 0;
  std::uint64_t versions_ = 0;  // values that were made up
};

}  // namespace weir::dryrun
