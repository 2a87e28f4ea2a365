// What happened, as the step that made it so knows it: one struct a kind, with its own fields.
// Rules that follow from events read these; the flat row that is stored, with its words, is made of
// them in one place. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/ids.h"
#include "engine/rows/freshness_rows.h"
#include "engine/rows/schedule_rows.h"
#include "engine/runs/run_spec.h"
#include "engine/states.h"
#include "module/manifest.h"

namespace weir::engine {

struct EventRow;  // records.h

// Filled in by emit_run() and emit_task().
struct OfRun {
  base::RunId run;
  std::int32_t run_seq = 0;  // within the run, from 1, gapless
  std::string name;          // its job, or its selection
};
struct OfTask {
  base::RunId run;
  std::int32_t run_seq = 0;
  std::int32_t task = 0;
  std::int32_t epoch = 0;
  std::string name;
};

// ---- runs ----
struct RunCreated {
  std::string reason;
  OfRun of{};
};
struct RunAdmitted {  // from the queue: its tasks are known
  OfRun of{};
};
struct RunStarted {
  OfRun of{};
};
struct RunCanceling {
  std::string reason;
  OfRun of{};
};
struct RunFinished {
  RunState end = RunState::kSucceeded;
  std::string job;        // either job
  std::string selection;  // or selection
  std::string message;
  Origin origin;
  OfRun of{};
};

// ---- tasks ----
struct TaskAssigned {
  std::string worker;  // its name
  bool again = false;  // it came back with the attempt
  OfTask of{};
};
struct TaskStarted {
  OfTask of{};
};
struct TaskRetry {      // an attempt ended and another will follow
  bool at_once = true;  // false: after a delay
  std::string reason;
  OfTask of{};
};
struct TaskFinished {  // reached a terminal state
  TaskState end = TaskState::kSucceeded;
  std::string reason;
  OfTask of{};
};
struct AssetMaterialized {
  AssetPartition asset;
  base::Digest version;
  OfTask of{};
};
struct CheckFailed {
  AssetPartition asset;
  std::string name;
  module::CheckSeverity severity = module::CheckSeverity::kError;
  std::string reason;
  OfTask of{};
};

// ---- the rest ----
struct ModuleRegistered {
  std::string pipeline;
  base::Digest module;
};
struct WorkerConnected {
  std::string worker;  // its name, as below
  std::int32_t slots = 0;
};
struct WorkerLost {
  std::string worker;
  std::int64_t attempts = 0;  // that were leased to it
};
struct WorkerDraining {
  std::string worker;
  bool draining = true;  // false: it takes work again
};

struct ScheduleChanged {
  std::string schedule;
  std::string change;  // "created", "edited", "deleted", "paused", "resumed", "retired"
  std::string by;
  std::string reason;
};
struct TickRecorded {
  std::string schedule;
  base::WallTime nominal{};
  TickOutcome outcome = TickOutcome::kSkipped;
  std::string reason;
};
struct AlertChanged {
  std::string rule;     // a pattern of a silence
  std::string subject;  // empty: the rule itself
  // "firing", "notice", "test", "resolved", "undelivered"; of rules "created", "edited", "deleted",
  // "paused", "resumed"; "silenced", "unsilenced"
  std::string change;
  std::string text;
};
struct FreshnessChanged {
  std::string asset;
  FreshnessState from = FreshnessState::kUnknown, to = FreshnessState::kUnknown;
  std::string reason;
};
struct AssetObserved {
  std::string asset;
  std::string version;
  base::WallTime observed_at{};
  std::string by;
};
struct WorkerForgotten {  // it was not seen for long and held nothing
  std::string worker;
};

using Event =
    std::variant<RunCreated, RunAdmitted, RunStarted, RunCanceling, RunFinished, TaskAssigned,
                 TaskStarted, TaskRetry, TaskFinished, AssetMaterialized, CheckFailed,
                 ModuleRegistered, WorkerConnected, WorkerLost, WorkerDraining, WorkerForgotten,
                 ScheduleChanged, TickRecorded, FreshnessChanged, AssetObserved, AlertChanged>;

// The row of the event, without its number and time (event_rows.cc).
EventRow event_row(Event event);

// Whether nothing may depend on the event: it is written with the next batch.
inline bool is_lazy(const Event& event) { return std::holds_alternative<TaskStarted>(event); }

}  // namespace weir::engine
