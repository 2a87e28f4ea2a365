// When a schedule fires, from its definition and its zone: for the engine, and for whoever shows
// what is to come.
// Pure functions, safe from any thread; the zone is given and no clock is asked.
#pragma once

#include <memory>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"
#include "calendar/occurrences.h"
#include "calendar/utc_text.h"
#include "module/schedule_spec.h"

namespace weir::engine {

// `zone` is the one that the definition names. INVALID_ARGUMENT says which part of it is wrong.
base::Result<calendar::Occurrences> occurrences_of(const module::ScheduleSpec& spec,
                                                   std::shared_ptr<const calendar::Zone> zone);

// When the tick of a nominal time is due: at that time, or later by its share of the jitter, which
// is the same for the same schedule ("pipeline/name") and time.
base::WallTime due_at(std::string_view schedule, std::int64_t jitter_ms, calendar::Instant nominal);

// "at 02:00 on weekdays, Europe/Berlin time"; of several expressions "…; …, UTC". What cannot be
// read is quoted.
std::string description_of(const module::ScheduleSpec& spec);

using calendar::utc_text;

}  // namespace weir::engine
