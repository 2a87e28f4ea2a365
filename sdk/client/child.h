// Runs a program to its end with a time limit and limits on what it may print. The child leads a
// process group of its own, so that ending it ends what it started. Blocking; any thread; safe
// beside gRPC because nothing is forked without an exec.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"

namespace weir::client {

struct ChildLimits {
  std::chrono::milliseconds time{10'000};
  std::size_t stdout_bytes = 1u << 20;
  std::size_t stderr_bytes = 64u << 10;  // the rest is read and dropped
};

struct ChildResult {
  enum class End { kExited, kSignaled, kTimedOut, kTooMuchOutput, kNotStarted };
  End end = End::kExited;
  int code = 0;  // exit code, signal, or errno of a start that failed
  std::string out;
  std::string err;
};

ChildResult run_child(const std::vector<std::string>& arguments, const ChildLimits& limits);

// "SIGSEGV" for 11; "signal 99" when it has no name.
std::string signal_name(int signal);

}  // namespace weir::client
