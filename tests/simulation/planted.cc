// The switch that the planted bugs of the code under test look at: none by default. Set by plant()
// while the command line is read, before any seed is played, and never again. Linked into
// weir_simulation only, where alone the bugs exist.
#include "tests/simulation/planted.h"

namespace weir::base {

PlantedBug planted_bug = PlantedBug::kNone;

}  // namespace weir::base

namespace weir::simulation {

const std::vector<NamedBug>& planted_bugs() {
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
  };
  return kBugs;
}

bool plant(const std::string& name) {
  for (const NamedBug& bug : planted_bugs()) {
    if (bug.name != name) continue;
    base::planted_bug = bug.bug;
    return true;
  }
  return false;
}

}  // namespace weir::simulation
