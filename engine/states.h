// What rows and commands are made of: the states of runs, tasks and attempts and the kinds of
// events with their names, and values by reference. Names are stored and shown: they do not change.
// Values only; functions of their arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.h"

namespace weir::engine {

using base::Digest;

// A value up to this size travels in the report.
inline constexpr std::int64_t kInlineBytesMax = 64 << 10;

enum class RunState { kQueued, kRunning, kCanceling, kSucceeded, kFailed, kCanceled };
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
std::string_view run_state_name(RunState state);
std::string_view task_state_name(TaskState state);
std::string_view outcome_name(OutcomeClass outcome);
std::optional<RunState> parse_run_state(std::string_view name);
std::optional<TaskState> parse_task_state(std::string_view name);
std::optional<OutcomeClass> parse_outcome(std::string_view name);
bool terminal(RunState state);
bool terminal(TaskState state);

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
};
std::string_view event_kind_name(EventKind kind);
std::optional<EventKind> parse_event_kind(std::string_view name);

enum class ArtifactKind { kBytes, kFile, kTree, kExternal };

// A value by reference: what a task committed and what its consumers are given.
struct ValueRef {
  Digest digest;  // the data version
  std::int64_t size = 0;
  ArtifactKind kind = ArtifactKind::kBytes;
  std::string type;  // schema fingerprint
  bool operator==(const ValueRef&) const = default;
};

// One committed output of a task. `unchanged` keeps the version that was current.
struct OutputRef {
  std::string asset;
  ValueRef value;
  bool unchanged = false;
  std::int64_t materialization = 0;  // that made this version, 0 when there is none
  bool operator==(const OutputRef&) const = default;
};

// An input of the selection from outside of it, fixed when the run was created.
struct Pin {
  std::string asset;
  std::int64_t materialization = 0;  // 0: the asset had no version (allowed for optional inputs)
  ValueRef value;
  bool operator==(const Pin&) const = default;
};

}  // namespace weir::engine
