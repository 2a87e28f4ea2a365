// The last lines of an attempt's logs, for displays and failure reports: one list out of its
// three streams. Asks the scheduler; never longer than the deadline of the Api that it is given.
// Main thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/v1/log_service.pb.h"

namespace weir::client {
class Api;
}

namespace weir::cli {

struct LogTail {
  std::vector<std::string> lines;
  bool complete = false;  // nothing more is expected
  bool reachable = true;
};

// At most `lines` lines from the ends of structured log, stderr and stdout, in this order of
// interest last to first: what is printed last is what most likely tells why it failed.
LogTail read_log_tail(client::Api& api, const std::string& run, std::int32_t task, int epoch,
                      std::size_t lines);

// A line of the structured log (one JSON object) for people: "WARNING slow rows=12"; other text as
// it is.
std::string render_log_line(v1::LogStream stream, const std::string& line, bool with_time);

// A line as one JSON object without a newline: run, task, attempt, stream and line. `line` is the
// object itself where the line is one of the structured log, else a string; bytes that are no UTF-8
// become replacement characters.
std::string log_line_json(const std::string& run, const v1::LogInfo& info, const std::string& line);

// "stdout", "stderr", "log".
std::string stream_word(v1::LogStream stream);

}  // namespace weir::cli
