// When a cron expression fires in a zone.
//
// A wall-clock job fires once for each of its local times: at the second of two equal ones, and at
// the first instant after a gap that swallows it. An interval job (is_interval) fires at every
// instant that reads as one of its times: those in a gap do not exist, those in an overlap exist
// twice. Times that fall on one instant are one. Pure functions, safe from any thread; a call takes
// microseconds at most.
#pragma once

#include <optional>

#include "calendar/zone.h"
#include "weir/impl/cron/cron.h"

namespace weir::calendar {

// The first instant after `t`. None when there is none within the next 41 years, which only an
// expression that can_fire() refuses has.
std::optional<Instant> next_after(const Cron& cron, const Zone& zone, Instant t);

// The last instant that is not after `t`, from the 41 years before it.
std::optional<Instant> last_until(const Cron& cron, const Zone& zone, Instant t);

}  // namespace weir::calendar
