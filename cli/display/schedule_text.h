// How commands show what the API says of schedules: their state, their times, what became of one.
// Functions of messages, but for the local time zone, which --tz sets before any command runs.
// Main thread.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "weir/v1/schedule_service.pb.h"

namespace weir::cli {

inline constexpr int kPreviewTimesMax = 1000;  // as the API has it

// "active", "paused until 2026-11-29 02:00:00 CET", "retired".
Cell schedule_state(const v1::Schedule& schedule);

// "2026-11-28 02:00:00 CET", and when it is due where jitter makes that another time.
std::string occurrence_text(const v1::Occurrence& occurrence);

// "2026-11-27 02:00:00 CET", with its end when it is a stretch.
std::string nominal_text(const v1::Tick& tick);
// The word of its outcome.
Cell outcome_cell(const v1::Tick& tick);

// "latest within 1 d 00 h", "none"; "queue_one".
std::string catch_up_text(const v1::ScheduleDefinition& definition);
std::string overlap_text(const v1::ScheduleDefinition& definition);

// The times of a schedule or of what would be one, in the chosen format.
int print_preview(Invocation& invocation, const v1::PreviewScheduleResponse& preview);

}  // namespace weir::cli
