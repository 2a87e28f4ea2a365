// What rows and commands are made of: the states of runs, tasks and attempts and the kinds of
// events with their names, and values by reference. Names are stored and shown: they do not change.
// Values only; functions of their arguments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "base/sha256.h"
#include "base/words.h"
#include "engine/rows/columns.h"
#include "engine/rows/partitions.h"

namespace weir::engine {

using base::Digest;

// A value up to this size travels in the report.
inline constexpr std::int64_t kInlineBytesMax = 64 << 10;

enum class RunState { kQueued, kRunning, kCanceling, kSucceeded, kFailed, kCanceled };
constexpr base::Words<6> words(RunState) {
  return {"queued", "running", "canceling", "succeeded", "failed", "canceled"};
}

enum class TaskState {
  kWaiting,
  kReady,
  kAssigned,
  kRunning,
  kUpForRetry,
  kSucceeded,
  kFailed,
  kSkipped,
  kUpstreamFailed,
  kCanceled,
  kCached,
};
constexpr base::Words<11> words(TaskState) {
  return {"waiting", "ready",   "assigned",        "running",  "up_for_retry", "succeeded",
          "failed",  "skipped", "upstream_failed", "canceled", "cached"};
}
inline constexpr std::size_t kTaskStates = words(TaskState{}).size();

enum class OutcomeClass {
  kNone,  // the attempt is live
  kSucceeded,
  kFailed,
  kCheckFailed,
  kCrashed,
  kOom,
  kTimedOut,
  kCanceled,
  kLeaseLost,
  kWorkerLost,
  kLoadError,
  kReleased,  // given back before it was handed to an executor: drain or revocation, free of charge
};
constexpr base::Words<12> words(OutcomeClass) {
  return {"none",      "succeeded", "failed",     "check_failed", "crashed",    "oom",
          "timed_out", "canceled",  "lease_lost", "worker_lost",  "load_error", "released"};
}

constexpr std::string_view run_state_name(RunState state) { return base::word_of(state); }
constexpr std::string_view task_state_name(TaskState state) { return base::word_of(state); }
constexpr std::string_view outcome_name(OutcomeClass outcome) { return base::word_of(outcome); }

// What is terminal does not change any more.
bool terminal(RunState state);
bool terminal(TaskState state);
bool terminal(OutcomeClass outcome);

enum class ArtifactKind { kBytes, kFile, kTree, kExternal };
constexpr base::Words<4> words(ArtifactKind) { return {"bytes", "file", "tree", "external"}; }

enum class EventKind {
  kRunCreated,
  kRunAdmitted,  // from the queue: its tasks are known
  kRunStarted,
  kRunCanceling,
  kRunFinished,
  kTaskAssigned,
  kTaskStarted,
  kTaskFinished,  // reached a terminal state
  kTaskRetry,     // an attempt ended and another will follow
  kAssetMaterialized,
  kCheckFailed,
  kModuleRegistered,
  kWorkerConnected,
  kWorkerLost,
  kWorkerDraining,
  kWorkerForgotten,
  kScheduleChanged,
  kTickRecorded,  // of a nominal time for which no run was made
  kFreshnessChanged,
  kAssetObserved,
  kAlertChanged,  // an alert, its rule, or a silence
};
constexpr base::Words<21> words(EventKind) {
  return {"run_created",      "run_admitted",       "run_started",       "run_canceling",
          "run_finished",     "task_assigned",      "task_started",      "task_finished",
          "task_retry",       "asset_materialized", "check_failed",      "module_registered",
          "worker_connected", "worker_lost",        "worker_draining",   "worker_forgotten",
          "schedule_changed", "tick_recorded",      "freshness_changed", "asset_observed",
          "alert_changed"};
}

// A value by reference: what a task committed and what its consumers are given.
struct ValueRef {
  Digest digest;  // the data version
  std::int64_t size = 0;
  ArtifactKind kind = ArtifactKind::kBytes;
  std::string type;  // schema fingerprint
  bool operator==(const ValueRef&) const = default;

  static constexpr auto columns() {
    return std::tuple(column("digest", &ValueRef::digest), column("size", &ValueRef::size),
                      column("kind", &ValueRef::kind), column("type", &ValueRef::type));
  }
};

// One committed output of a task, of the task's partition. `unchanged` keeps the version that was
// current.
struct OutputRef {
  std::string asset;
  ValueRef value;
  bool unchanged = false;
  std::int64_t materialization = 0;  // that made this version, 0 when there is none
  bool operator==(const OutputRef&) const = default;

  static constexpr auto columns() {
    return std::tuple(
        column("asset", &OutputRef::asset), column("unchanged", &OutputRef::unchanged),
        column("materialization", &OutputRef::materialization), nested(&OutputRef::value));
  }
};

// Which version was read: pinned when the run was planned, or kept as lineage.
struct AssetVersion {
  AssetPartition of;
  std::int64_t materialization = 0;  // 0: there was none (allowed for optional inputs)
  ValueRef value;
  bool operator==(const AssetVersion&) const = default;

  static constexpr auto columns() {
    return std::tuple(nested(&AssetVersion::of),
                      column("materialization", &AssetVersion::materialization),
                      nested(&AssetVersion::value));
  }
};

}  // namespace weir::engine
