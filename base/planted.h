// Bugs planted to prove that the simulator would notice them. Compiled into weir_simulation only:
// everywhere else PLANTED(x) is the constant false and no bug exists. The switch is a plain global
// of that program, set before the first seed and only read afterwards.
#pragma once

#ifdef WEIR_PLANTED_BUGS

namespace weir::base {

enum class PlantedBug {
  kNone,
  kSkippedFence,
  kEffectBeforeCommit,
  kEpochReused,
  kSlotLeaked,
  kOutboxRowLost,
  kReplyNotStored,
  kSuccessBeforeArtifact,
  kUnsyncedStart,             // what a dead process left unsynced is told
  kLazyEventPublished,        // a commit with events, of its own, is not synced
  kEffectBetweenWriteCommit,  // effects leave when the rows are written and not committed
  kReplyKeptOverFailure,      // replies of a batch that failed leave with the next
  kStopDeadlineForgotten,     // by a restore
  kAdoptableForgotten,        // by a restore
  kAdoptedOtherEpoch,         // an attempt is taken up again under an epoch that is not its own
  kWakeUpLost,                // a worker that returns is given nothing
  kLeaseTimerLost,            // a lease that was renewed is not watched again
  kSideEffectsOutliveLease,   // a worker that is cut off lets them run on
  kTickLostAtRestart,         // a schedule goes on from now
  kTickDoubledAtRestart,      // the newest tick is not looked at
  kCatchUpOffByOne,           // one more than the definition says
  kOverlapReleasedTwice,      // two that wait begin at one end
  kOverlapNeverReleased,      // what waits does not begin
  kSupersededRunGoesOn,       // its tick says that it does not
  kTimesRepeated,             // by a clock that is set back
  kAlertLost,                 // a step that brings about much is not looked at to its end
  kAlertDoubled,              // one that fires is forgotten by a restore, and fires again
  kRefreshRequestedTwice,     // the one that is in flight is not looked at
};
extern PlantedBug planted_bug;

}  // namespace weir::base

#define PLANTED(bug) (::weir::base::planted_bug == ::weir::base::PlantedBug::bug)

#else

#define PLANTED(bug) false

#endif
