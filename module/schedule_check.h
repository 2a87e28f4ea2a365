// What can be judged of one schedule without a server: its expressions, zone, days, times, limits,
// and that its parameters fit those that are declared. For the manifest, and for schedules that are
// made by command. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "module/manifest.h"
#include "module/schedule_spec.h"

namespace weir::module {

inline constexpr std::int64_t kJitterMsMax = 24 * 3600 * 1000;
inline constexpr std::size_t kDaysOffMax = 10'000;  // of a schedule

// Everything that is wrong with it, each INVALID_ARGUMENT with the schedule's name in front. Its
// own name and whether its job exists are for whoever knows the others. `params` are those of the
// pipeline.
std::vector<base::Status> schedule_problems(const ScheduleSpec& schedule,
                                            std::span<const ParamSpec> params);

// OK, or that no time zone has this name, with the nearest that one has.
base::Status zone_problem(const std::string& name);

// All of them as one INVALID_ARGUMENT, a line each, under the number of the first; OK of none.
base::Status joined(const std::vector<base::Status>& problems);

}  // namespace weir::module
