// Bugs planted to prove that the simulator would notice them. Compiled into weir_simulation only:
// everywhere else PLANTED(x) is the constant false and no bug exists.
#pragma once

#ifdef WEIR_PLANTED_BUGS

namespace weir::engine {

enum class PlantedBug {
  kNone,
  kSkippedFence,
  kEffectBeforeCommit,
  kEpochReused,
  kSlotLeaked,
  kOutboxRowLost,
  kReplyNotStored,
  kSuccessBeforeArtifact,
};
extern PlantedBug planted_bug;

}  // namespace weir::engine

#define PLANTED(bug) (::weir::engine::planted_bug == ::weir::engine::PlantedBug::bug)

#else

#define PLANTED(bug) false

#endif
