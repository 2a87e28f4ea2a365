// Bugs planted to prove that the simulator would notice them. Compiled into weir_simulation only:
// everywhere else PLANTED(x) is the constant false and no bug exists. The switch is a plain global
// of that program, set before the first seed and only read afterwards.
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
