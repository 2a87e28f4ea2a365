// What was seen at least once: a simulator that never plays a situation proves nothing about it.
// Counters are added up over seeds; one that stays at zero fails the whole set. Used by one thread;
// counting must not change what a seed plays.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::simulation {

enum class Seen {
  kSteps,
  kCommits,
  kLazyCommits,
  kBeginFailed,
  kWriteFailed,
  kCommitFailedBefore,
  kCommitFailedAfter,
  kCrashInTransaction,
  kCrashBeforeSync,
  kCrashAfterCommit,
  kCrashWhileIdle,
  kPowerCut,
  kPowerCutLostCommits,
  kPowerCutSparedCommits,
  kPowerCutLostBlobs,
  kWallStepped,
  kAdmissionRefused,
  kQueuedForDisk,
  kQuarantined,
  kStartedClosed,
  kRestoredReady,
  kRestoredLeased,
  kRestoredRunning,
  kRestoredRetry,
  kRestoredCanceling,
  kRestoredAdoptable,
  kSessionDropped,
  kHalfOpenSession,
  kAssignmentWithdrawn,
  kCutOff,
  kHeardTooLate,
  kWorkerDied,
  kWorkerFroze,
  kWorkerLeft,
  kLeaseExpired,
  kReadopted,
  kReportStale,
  kReportRepeated,
  kReportOfAnotherEpoch,
  kAssignSentAgain,
  kRevoked,
  kReleased,
  kDrained,
  kSideEffects,
  kEndedWithLease,
  kLeasedAhead,
  kNeedArtifacts,
  kParked,
  kPartitionsWrittenApart,
  kRetried,
  kLoadErrorRetried,
  kAttemptFailed,
  kAttemptCrashed,
  kExecutorKiller,
  kInfrastructureSpent,
  kCheckFailed,
  kSkippedItself,
  kUnchanged,
  kWrongType,
  kCursorAdvanced,
  kCursorConflict,
  kInputPinned,
  kInputAbsent,
  kCanceledInTime,
  kCancelFenced,
  kCanceledWhileCutOff,
  kSuccessWhileCanceling,
  kRunSucceeded,
  kRunFailed,
  kRunRefused,
  kRunQueued,
  kRunAdmitted,
  kQueuedRunCanceled,
  kRestoredQueued,
  kRequestRepeated,
  kRequestReplayed,
  kKeyMisused,
  kRegisteredDuringRun,
  kOutboxRedelivered,
  kAlertRepeated,
  kAlertResolved,
  kRunUnusuallySlow,
  kAlertUndelivered,
  kRuleFired,
  kRuleSkipped,
  kRuleUpstreamFailed,
  kTickRequested,
  kTicksMissed,
  kTickCaughtUp,
  kTickSuperseded,
  kTickFailed,
  kDayOff,
  kTickSkippedForOverlap,
  kTicksOfPause,
  kTriggered,
  kTriggeredForPast,
  kScheduleRetired,
  kScheduleRefused,
  kPauseEnded,
  kFarStep,
  kTickWithdrawn,
  kRestoredOverlap,
  kRunCanceledForTick,
  kRefreshRequested,
  kRefreshFailed,
  kPassedOver,
  kFreshnessWarns,
  kFreshnessFails,
  kCount,
};

std::string_view seen_name(Seen what);

class Coverage {
 public:
  void add(Seen what, std::int64_t times = 1) { counts_[std::size_t(what)] += times; }
  std::int64_t operator[](Seen what) const { return counts_[std::size_t(what)]; }
  void add(const Coverage& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  }
  // One line a counter.
  std::string text() const;
  // Names of what was never seen.
  std::string missing() const;

 private:
  std::array<std::int64_t, std::size_t(Seen::kCount)> counts_{};
};

}  // namespace weir::simulation
