// Names of what a simulation counts, and the counters as text: see coverage.h. The list of names is
// as long as the list of situations, or this does not compile. One thread at a time; seeds are
// added up by the caller.
#include "tests/simulation/coverage.h"

namespace weir::simulation {
namespace {

// In the order of Seen.
constexpr std::string_view kNames[] = {
    "steps",
    "commits",
    "lazy_commits",
    "begin_failed",
    "write_failed",
    "commit_failed_before",
    "commit_failed_after",
    "crash_in_transaction",
    "crash_before_sync",
    "crash_after_commit",
    "crash_while_idle",
    "power_cut",
    "power_cut_lost_commits",
    "power_cut_spared_commits",
    "power_cut_lost_blobs",
    "wall_stepped",
    "admission_refused",
    "queued_for_disk",
    "quarantined",
    "started_closed",
    "restored_ready",
    "restored_leased",
    "restored_running",
    "restored_retry",
    "restored_canceling",
    "restored_adoptable",
    "session_dropped",
    "half_open_session",
    "assignment_withdrawn",
    "cut_off",
    "heard_too_late",
    "worker_died",
    "worker_froze",
    "worker_left",
    "lease_expired",
    "readopted",
    "report_stale",
    "report_repeated",
    "report_of_another_epoch",
    "assign_sent_again",
    "revoked",
    "released",
    "drained",
    "side_effects",
    "ended_with_lease",
    "leased_ahead",
    "need_artifacts",
    "parked",
    "partitions_written_apart",
    "retried",
    "load_error_retried",
    "attempt_failed",
    "attempt_crashed",
    "executor_killer",
    "infrastructure_spent",
    "check_failed",
    "skipped_itself",
    "unchanged",
    "wrong_type",
    "cursor_advanced",
    "cursor_conflict",
    "input_pinned",
    "input_absent",
    "canceled_in_time",
    "cancel_fenced",
    "canceled_while_cut_off",
    "success_while_canceling",
    "run_succeeded",
    "run_failed",
    "run_refused",
    "run_queued",
    "run_admitted",
    "queued_run_canceled",
    "restored_queued",
    "request_repeated",
    "request_replayed",
    "key_misused",
    "registered_during_run",
    "outbox_redelivered",
    "alert_repeated",
    "alert_resolved",
    "run_unusually_slow",
    "alert_undelivered",
    "rule_fired",
    "rule_skipped",
    "rule_upstream_failed",
    "tick_requested",
    "ticks_missed",
    "tick_caught_up",
    "tick_superseded",
    "tick_failed",
    "day_off",
    "tick_skipped_for_overlap",
    "ticks_of_pause",
    "triggered",
    "triggered_for_past",
    "schedule_retired",
    "schedule_refused",
    "pause_ended",
    "far_step",
    "tick_withdrawn",
    "restored_overlap",
    "run_canceled_for_tick",
    "refresh_requested",
    "refresh_failed",
    "passed_over",
    "freshness_warns",
    "freshness_fails",
};
static_assert(std::size(kNames) == std::size_t(Seen::kCount));

}  // namespace

std::string_view seen_name(Seen what) { return kNames[std::size_t(what)]; }

std::string Coverage::text() const {
  std::string text;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    text += "  " + std::string(kNames[i]) + " " + std::to_string(counts_[i]) + "\n";
  }
  return text;
}

std::string Coverage::missing() const {
  std::string text;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) text += " " + std::string(kNames[i]);
  }
  return text;
}

}  // namespace weir::simulation
