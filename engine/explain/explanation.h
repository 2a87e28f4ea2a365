// Why something waits, runs, ran or did not, as items: what is said, of whom, with which numbers
// and references. Put into words once, here, so that command line, pages and alerts say the same.
// Values and pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/words.h"

namespace weir::engine {

enum class ExplainKind {
  // Of runs.
  kRun,
  kQueuedForRoom,
  kQueuedForTasks,
  kQueuedUntil,
  kQueuedForOverlap,
  kQueuedForDisk,
  kQueueAhead,
  kSetAside,
  kRunEnded,
  kRunAskedFor,
  kMoreTasks,
  // Of tasks.
  kTaskWaits,
  kTaskReady,
  kWaitsForWriter,
  kWaitsInLine,
  kAttemptRuns,
  kAttemptLeased,
  kAttemptAdoptable,
  kAttemptStopping,
  kRetries,
  kLastEnd,
  kTaskEnded,
  kTaskEndedInRun,
  kTaskFailed,
  kAttemptEnded,
  kNeverTried,
  kReason,
  // Of workers.
  kNoWorker,
  kWorkersTakeNothing,
  kWorkers,
  kWorkerGone,
  // Of assets.
  kRetired,
  kNeverMade,
  kMade,
  kMissed,
  kWrittenNow,
  kWillWrite,
  kNobodyWrites,
  kMoreWriters,
  kUpToDate,
  kStale,
  kStaleAbove,
  // Of schedules.
  kSchedule,
  kScheduleNext,
  kScheduleDayOff,
  kScheduleOver,
  kSchedulePaused,
  kScheduleRetired,
  kScheduleNoZone,
  kScheduleRun,
  kScheduleRunWaits,
  kScheduleHistory,
  kTick,
  kTickStretch,
  kTickToCome,
  kTickUnknown,
  // Of freshness.
  kFreshness,
  kFreshnessObserves,
  kFreshnessPaused,
  kFreshnessRun,
  kFreshnessDone,
  kFreshnessNext,
  kFreshnessScheduled,
  kFreshnessFailures,
  kFreshnessWaits,
  // Of alerts.
  kAlert,
  kMoreAlerts,
  kAlertOver,
  kAlertNotice,
  kAlertRule,
  kAlertRuleGone,
  kAlertMessage,
  kAlertNext,
};
// tidy:allow(function-length): a list, one word a line
constexpr base::Words<73> words(ExplainKind) {
  return {"run",
          "queued_for_room",
          "queued_for_tasks",
          "queued_until",
          "queued_for_overlap",
          "queued_for_disk",
          "queue_ahead",
          "set_aside",
          "run_ended",
          "run_asked_for",
          "more_tasks",
          "task_waits",
          "task_ready",
          "waits_for_writer",
          "waits_in_line",
          "attempt_runs",
          "attempt_leased",
          "attempt_adoptable",
          "attempt_stopping",
          "retries",
          "last_end",
          "task_ended",
          "task_ended_in_run",
          "task_failed",
          "attempt_ended",
          "never_tried",
          "reason",
          "no_worker",
          "workers_take_nothing",
          "workers",
          "worker_gone",
          "retired",
          "never_made",
          "made",
          "missed",
          "written_now",
          "will_write",
          "nobody_writes",
          "more_writers",
          "up_to_date",
          "stale",
          "stale_above",
          "schedule",
          "schedule_next",
          "schedule_day_off",
          "schedule_over",
          "schedule_paused",
          "schedule_retired",
          "schedule_no_zone",
          "schedule_run",
          "schedule_run_waits",
          "schedule_history",
          "tick",
          "tick_stretch",
          "tick_to_come",
          "tick_unknown",
          "freshness",
          "freshness_observes",
          "freshness_paused",
          "freshness_run",
          "freshness_done",
          "freshness_next",
          "freshness_scheduled",
          "freshness_failures",
          "freshness_waits",
          "alert",
          "more_alerts",
          "alert_over",
          "alert_notice",
          "alert_rule",
          "alert_rule_gone",
          "alert_message",
          "alert_next"};
}

struct ExplainItem {
  ExplainKind kind = ExplainKind::kReason;
  std::string subject;    // a run, RUN/TASK or an asset; empty: that of the item before
  std::string partition;  // of the asset that it is about
  std::map<std::string, std::int64_t> numbers;  // by name; times in µs since 1970, spans in ms
  std::vector<std::string> references;          // other runs, RUN/TASK, assets, workers, states
  std::string text;                             // what somebody else said: a reason, a message
  int depth = 0;                                // 1: it is about the item above it
  bool operator==(const ExplainItem&) const = default;
};

using Explanation = std::vector<ExplainItem>;

// One line, indented by its depth.
std::string words_of(const ExplainItem& item);

}  // namespace weir::engine
