// Following a run to its end: feeds the display, reports failures as they come, survives restarts
// of the scheduler. The run itself is never touched: leaving detaches.
// Main thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/invocation.h"

namespace weir::cli {

struct FollowOptions {
  std::optional<std::chrono::milliseconds> timeout;  // of the wait; the run goes on
  std::int64_t told_until_seq = 0;                   // events up to here are not told, only counted
};

// `run` is a full id. 0 when it succeeded, 1 when it failed, 3 when it was canceled, 4 when
// following had to be given up, 5 when the wait timed out, 130 after Ctrl-C, which detaches.
int follow_run(Invocation& invocation, const std::string& run, const FollowOptions& options);

// The words of everything that follows a run, when it loses its scheduler, finds it again, and when
// it cannot go on; the last one gives the exit code.
std::string lost_line(const Invocation& invocation);
std::string found_line(const Invocation& invocation);
int give_up_following(Invocation& invocation, const std::string& run, const base::Status& status);

}  // namespace weir::cli
