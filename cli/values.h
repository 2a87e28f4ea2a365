// Turning values of the API's messages into cells of tables: times, states, durations.
// Pure, but for the local time zone, which --tz sets before any command runs.
// No thread affinity.
#pragma once

#include <optional>
#include <string>

#include "base/ids.h"
#include "cli/invocation.h"

namespace google::protobuf {
class Timestamp;
}

namespace weir::v1 {
class Progress;
}

namespace weir::cli {

base::WallTime to_wall(const google::protobuf::Timestamp& at);

// "2026-11-20 20:00:10 CET", "-" when it is not set (zero).
std::string time_cell(const google::protobuf::Timestamp& at);

void set_time(base::WallTime at, google::protobuf::Timestamp* out);

// From start to end, or to now when there is no end; "-" before the start.
std::string span_cell(const google::protobuf::Timestamp& start,
                      const google::protobuf::Timestamp& end);

// "42 %  epoch 3 of 10": what is known of it.
std::string progress_text(const v1::Progress& progress);

// A state's word with its colour.
Cell state_cell(const std::string& enum_name, std::string_view prefix);

}  // namespace weir::cli
