// A freshness policy as the engine holds it.
// Values; owned by the engine's state.
// What its runs take is measured by engine/durations.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "calendar/occurrences.h"
#include "engine/rows/freshness_rows.h"

namespace weir::engine {

struct FreshnessPolicy {
  FreshnessRow row;
  std::unique_ptr<const calendar::Occurrences> deadlines;  // of kBy; null: the zone is not known
  bool made = true;                    // some registered pipeline makes the asset
  base::RunId refresh;                 // a run that was asked for to make it anew; 0: none
  std::optional<base::WallTime> wake;  // when it is looked at again
  std::string waits;                   // why nothing is started now, for explain
};

}  // namespace weir::engine
