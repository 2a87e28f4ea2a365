// Rows of schedules and ticks to messages of the API, and definitions from outside to values.
// Pure functions, safe from any thread.
// Messages are only declared here, as in api.h.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "engine/rows/schedule_rows.h"
#include "scheduler/rpc/schedule_times.h"

namespace weir::v1 {
class Occurrence;
class Schedule;
class ScheduleDefinition;
class Tick;
}  // namespace weir::v1

namespace weir::rpc {

inline constexpr int kCronsMax = 100;                         // of one schedule
inline constexpr int kDaysOffMax = 10'000;                    // of one schedule
inline constexpr int kScheduleParamsMax = 1000;               // of one schedule
inline constexpr std::size_t kDefinitionBytesMax = 1u << 20;  // of one schedule, all of it

void to_proto(const module::ScheduleSpec& spec, v1::ScheduleDefinition* out);
// Without what is computed: next, last_tick, problem.
void to_proto(const engine::ScheduleRow& row, v1::Schedule* out);
void to_proto(const engine::TickRow& row, v1::Tick* out);
void to_proto(const ScheduleTime& time, v1::Occurrence* out);

// Without a name. INVALID_ARGUMENT for what no schedule can be; what needs zones or jobs to be
// judged is not judged here.
base::Result<module::ScheduleSpec> from_proto(const v1::ScheduleDefinition& definition);
// The enum's number as the generated code has it; 0 is "any".
base::Result<std::optional<engine::TickOutcome>> tick_outcome_from_proto(int outcome);

}  // namespace weir::rpc
