// The names of states, outcomes and events: the same words in tables, API, command line and traces.
// Constant tables and functions of their arguments, safe from any thread. A name is stored in every
// database: it must not change or be given to something else.
#include <array>
#include <utility>

#include "engine/records.h"

namespace weir::engine {
namespace {

template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<RunState, 6> kRunStates{{{RunState::kQueued, "queued"},
                                         {RunState::kRunning, "running"},
                                         {RunState::kCanceling, "canceling"},
                                         {RunState::kSucceeded, "succeeded"},
                                         {RunState::kFailed, "failed"},
                                         {RunState::kCanceled, "canceled"}}};

constexpr Names<TaskState, 11> kTaskStates{{{TaskState::kWaiting, "waiting"},
                                            {TaskState::kReady, "ready"},
                                            {TaskState::kAssigned, "assigned"},
                                            {TaskState::kRunning, "running"},
                                            {TaskState::kUpForRetry, "up_for_retry"},
                                            {TaskState::kSucceeded, "succeeded"},
                                            {TaskState::kFailed, "failed"},
                                            {TaskState::kSkipped, "skipped"},
                                            {TaskState::kUpstreamFailed, "upstream_failed"},
                                            {TaskState::kCanceled, "canceled"},
                                            {TaskState::kCached, "cached"}}};

constexpr Names<OutcomeClass, 12> kOutcomes{{{OutcomeClass::kNone, "none"},
                                             {OutcomeClass::kSucceeded, "succeeded"},
                                             {OutcomeClass::kFailed, "failed"},
                                             {OutcomeClass::kCheckFailed, "check_failed"},
                                             {OutcomeClass::kCrashed, "crashed"},
                                             {OutcomeClass::kOom, "oom"},
                                             {OutcomeClass::kTimedOut, "timed_out"},
                                             {OutcomeClass::kCanceled, "canceled"},
                                             {OutcomeClass::kLeaseLost, "lease_lost"},
                                             {OutcomeClass::kWorkerLost, "worker_lost"},
                                             {OutcomeClass::kLoadError, "load_error"},
                                             {OutcomeClass::kReleased, "released"}}};

constexpr Names<OriginKind, 7> kOriginKinds{{{OriginKind::kManual, "manual"},
                                             {OriginKind::kSchedule, "schedule"},
                                             {OriginKind::kFreshness, "freshness"},
                                             {OriginKind::kAutomation, "automation"},
                                             {OriginKind::kSensor, "sensor"},
                                             {OriginKind::kBackfill, "backfill"},
                                             {OriginKind::kRetry, "retry"}}};

constexpr Names<QueueReason, 3> kQueueReasons{{{QueueReason::kNone, "none"},
                                               {QueueReason::kLiveRuns, "live_runs"},
                                               {QueueReason::kStartTime, "start_time"}}};

constexpr Names<EventKind, 16> kEventKinds{{{EventKind::kRunCreated, "run_created"},
                                            {EventKind::kRunAdmitted, "run_admitted"},
                                            {EventKind::kRunStarted, "run_started"},
                                            {EventKind::kRunCanceling, "run_canceling"},
                                            {EventKind::kRunFinished, "run_finished"},
                                            {EventKind::kTaskAssigned, "task_assigned"},
                                            {EventKind::kTaskStarted, "task_started"},
                                            {EventKind::kTaskFinished, "task_finished"},
                                            {EventKind::kTaskRetry, "task_retry"},
                                            {EventKind::kAssetMaterialized, "asset_materialized"},
                                            {EventKind::kCheckFailed, "check_failed"},
                                            {EventKind::kModuleRegistered, "module_registered"},
                                            {EventKind::kWorkerConnected, "worker_connected"},
                                            {EventKind::kWorkerLost, "worker_lost"},
                                            {EventKind::kWorkerDraining, "worker_draining"},
                                            {EventKind::kWorkerForgotten, "worker_forgotten"}}};

template <class Enum, std::size_t N>
std::string_view name_in(const Names<Enum, N>& names, Enum value) {
  for (const auto& [key, name] : names) {
    if (key == value) return name;
  }
  return "unknown";
}

template <class Enum, std::size_t N>
std::optional<Enum> parse_in(const Names<Enum, N>& names, std::string_view text) {
  for (const auto& [key, name] : names) {
    if (name == text) return key;
  }
  return std::nullopt;
}

}  // namespace

std::string_view run_state_name(RunState state) { return name_in(kRunStates, state); }
std::string_view task_state_name(TaskState state) { return name_in(kTaskStates, state); }
std::string_view outcome_name(OutcomeClass outcome) { return name_in(kOutcomes, outcome); }
std::string_view event_kind_name(EventKind kind) { return name_in(kEventKinds, kind); }
std::string_view origin_kind_name(OriginKind kind) { return name_in(kOriginKinds, kind); }
std::string_view queue_reason_name(QueueReason reason) { return name_in(kQueueReasons, reason); }

std::optional<RunState> parse_run_state(std::string_view name) {
  return parse_in(kRunStates, name);
}
std::optional<TaskState> parse_task_state(std::string_view name) {
  return parse_in(kTaskStates, name);
}
std::optional<OutcomeClass> parse_outcome(std::string_view name) {
  return parse_in(kOutcomes, name);
}
std::optional<OriginKind> parse_origin_kind(std::string_view name) {
  return parse_in(kOriginKinds, name);
}
std::optional<QueueReason> parse_queue_reason(std::string_view name) {
  return parse_in(kQueueReasons, name);
}
std::optional<EventKind> parse_event_kind(std::string_view name) {
  return parse_in(kEventKinds, name);
}

bool terminal(RunState state) {
  return state == RunState::kSucceeded || state == RunState::kFailed ||
         state == RunState::kCanceled;
}

bool terminal(TaskState state) {
  switch (state) {
    case TaskState::kWaiting:
    case TaskState::kReady:
    case TaskState::kAssigned:
    case TaskState::kRunning:
    case TaskState::kUpForRetry:
      return false;
    case TaskState::kSucceeded:
    case TaskState::kFailed:
    case TaskState::kSkipped:
    case TaskState::kUpstreamFailed:
    case TaskState::kCanceled:
    case TaskState::kCached:
      return true;
  }
  return true;
}

}  // namespace weir::engine
