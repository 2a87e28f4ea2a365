// What people say to a simulation, as values of its request: tasks that fail, how long they take,
// when the worker is away, and scripts. A time is one of parse_time(), or "+2h": so long after the
// beginning. Pure, but for the local time zone, which --tz sets before any command runs.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"

namespace weir::v1 {
class SimulateRequest;
}

namespace weir::cli {

// "TASK@T" or "TASK@A..B".
base::Status add_failure(std::string_view text, base::WallTime from, v1::SimulateRequest& request);
// "TASK=D".
base::Status add_duration(std::string_view text, v1::SimulateRequest& request);
// "A..B".
base::Status add_absence(std::string_view text, base::WallTime from, v1::SimulateRequest& request);
// A line each: TIME ACTION NAME, where a time of two words is one; '#' begins a comment. Beside the
// actions of the API: fail TASK, duration TASK=D. INVALID_ARGUMENT with the number of the line.
base::Status add_script(std::string_view text, base::WallTime from, v1::SimulateRequest& request);

}  // namespace weir::cli
