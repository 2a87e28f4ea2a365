// The registered definitions on virtual time, by the engine itself: the clock jumps from deadline
// to deadline, one made-up worker takes what is handed out, and what the engine writes is the
// forecast. Pure: the same world and options give the same forecast, to the microsecond. Nothing is
// stored, and no code of anybody runs. One call is one thread's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "dryrun/forecast.h"
#include "engine/commands.h"
#include "engine/store.h"

namespace weir::dryrun {

inline constexpr Duration kSpanMax = std::chrono::hours(24 * 366);
inline constexpr Duration kGuess = std::chrono::minutes(1);  // of a task that was never measured
inline constexpr std::int32_t kSlotsDefault = 8;

// Where the forecast begins.
struct World {
  WallTime now{};
  engine::Snapshot snapshot;                  // as of `now`; empty: there is nothing yet
  std::vector<engine::RunRow> queued;         // rows of those that the snapshot names as queued
  std::vector<engine::ModuleUpload> modules;  // registered first, in place of what is there
  engine::Zones zones;                        // that definitions name and that can be read
  // By asset: what the last attempts that made it took.
  std::map<std::string, engine::Durations, std::less<>> history;
  // By job: what its last successes took; for alert rules that ask what is usual.
  std::map<std::string, engine::Durations, std::less<>> job_history;
};

struct Span {
  WallTime from{}, to{};  // [from, to)
};

// Every attempt of the task that begins in [from, until) fails; without an end those of one run:
// the first that begins at `from` or later.
struct Failure {
  std::string task;  // its name, or "pipeline/name"
  WallTime from{};
  std::optional<WallTime> until;
};

enum class Action {
  kMade,         // a version of the asset is made then, whatever that takes
  kObserve,      // a source has a new version
  kRun,          // a job
  kMaterialize,  // a selection
  kTrigger,      // a schedule
  kPause,        // a schedule
  kResume,       // a schedule
};
constexpr base::Words<7> words(Action) {
  return {"made", "observe", "run", "materialize", "trigger", "pause", "resume"};
}

struct ScriptLine {
  WallTime at{};
  Action action = Action::kMade;
  std::string name;
};

struct Options {
  WallTime from{};  // of what is told; a later one than now is simulated up to
  Duration span{};
  std::vector<Failure> failures;
  std::map<std::string, Duration, std::less<>> durations;  // by task, as Failure::task
  std::int32_t slots = 0;                                  // 0: as many as the workers have
  std::vector<Span> worker_down;
  std::vector<ScriptLine> script;
  std::size_t items_max = 1'000'000;  // more are cut off
  std::function<bool()> stop;         // asked now and then; true: it ends there
};

// INVALID_ARGUMENT for options that cannot be meant, and whatever a registration or a line of the
// script is refused with.
base::Result<Forecast> simulate(const World& world, const Options& options);

}  // namespace weir::dryrun
