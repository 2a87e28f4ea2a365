// How an asset stands with its freshness policy at an instant, and what follows: when that changes
// by itself, by when it is to be made anew. Pure functions, safe from any thread; the rules are
// those of docs/freshness.md.
#pragma once

#include <optional>

#include "base/ids.h"
#include "calendar/occurrences.h"
#include "engine/rows/freshness_rows.h"

namespace weir::engine {

struct Standing {
  FreshnessState state = FreshnessState::kUnknown;
  std::optional<base::WallTime> next_change;  // the next instant at which it may differ
  // When it fails unless it is made anew by then. A version made before `not_before` would not be
  // fresh at `deadline`, or follow the last one too soon. None: it never has to be made again.
  std::optional<base::WallTime> deadline;
  // With a deadline: until when it passes, which is earlier where the policy warns.
  base::WallTime pass_until{};
  base::WallTime not_before{};
};

// `deadlines`: of a policy of kind kBy, else null. `since`: when the policy began. `last`: when the
// asset was last made or found to be as it would be made.
Standing standing_of(const module::FreshnessSpec& spec, const calendar::Occurrences* deadlines,
                     base::WallTime since, std::optional<base::WallTime> last, base::WallTime now);

}  // namespace weir::engine
