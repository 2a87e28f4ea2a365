// The switch that the planted bugs of the code under test look at: none by default. Set by plant()
// while the command line is read, before any seed is played, and never again. Linked into
// weir_simulation only, where alone the bugs exist.
#include "tests/simulation/planted.h"

#include "base/planted.h"

#ifdef WEIR_PLANTED_BUGS

namespace weir::base {

PlantedBug planted_bug = PlantedBug::kNone;

}  // namespace weir::base

namespace weir::simulation {
namespace {

struct NamedBug {
  std::string name;
  base::PlantedBug bug;
};

const std::vector<NamedBug>& named_bugs() {
  using base::PlantedBug;
  static const std::vector<NamedBug> kBugs = {
      {"skipped_fence", PlantedBug::kSkippedFence},
      {"effect_before_commit", PlantedBug::kEffectBeforeCommit},
      {"epoch_reused", PlantedBug::kEpochReused},
      {"slot_leaked", PlantedBug::kSlotLeaked},
      {"outbox_row_lost", PlantedBug::kOutboxRowLost},
      {"reply_not_stored", PlantedBug::kReplyNotStored},
      {"success_before_artifact", PlantedBug::kSuccessBeforeArtifact},
      {"unsynced_start", PlantedBug::kUnsyncedStart},
      {"lazy_event_published", PlantedBug::kLazyEventPublished},
      {"effect_between_write_and_commit", PlantedBug::kEffectBetweenWriteCommit},
      {"reply_kept_over_failure", PlantedBug::kReplyKeptOverFailure},
      {"stop_deadline_forgotten", PlantedBug::kStopDeadlineForgotten},
      {"adoptable_forgotten", PlantedBug::kAdoptableForgotten},
      {"adopted_other_epoch", PlantedBug::kAdoptedOtherEpoch},
      {"wake_up_lost", PlantedBug::kWakeUpLost},
      {"lease_timer_lost", PlantedBug::kLeaseTimerLost},
      {"side_effects_outlive_lease", PlantedBug::kSideEffectsOutliveLease},
      {"tick_lost_at_restart", PlantedBug::kTickLostAtRestart},
      {"tick_doubled_at_restart", PlantedBug::kTickDoubledAtRestart},
      {"catch_up_off_by_one", PlantedBug::kCatchUpOffByOne},
      {"overlap_released_twice", PlantedBug::kOverlapReleasedTwice},
      {"overlap_never_released", PlantedBug::kOverlapNeverReleased},
      {"superseded_run_goes_on", PlantedBug::kSupersededRunGoesOn},
      {"times_repeated", PlantedBug::kTimesRepeated},
      {"alert_lost", PlantedBug::kAlertLost},
      {"alert_doubled", PlantedBug::kAlertDoubled},
      {"refresh_requested_twice", PlantedBug::kRefreshRequestedTwice},
  };
  return kBugs;
}

}  // namespace

std::vector<std::string> planted_bugs() {
  std::vector<std::string> names;
  for (const NamedBug& bug : named_bugs()) names.push_back(bug.name);
  return names;
}

bool plant(const std::string& name) {
  for (const NamedBug& bug : named_bugs()) {
    if (bug.name != name) continue;
    base::planted_bug = bug.bug;
    return true;
  }
  return false;
}

}  // namespace weir::simulation

#else

namespace weir::simulation {

std::vector<std::string> planted_bugs() { return {}; }

bool plant(const std::string&) { return false; }

}  // namespace weir::simulation

#endif
