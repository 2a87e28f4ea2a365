// Programs that this process starts: one at a time with its group, its descriptors and its end, or
// run to the end with a time limit and limits on what they print. Nothing is forked without an
// exec, so this is safe beside gRPC and from any thread. Processes of stages are not started here
// but by the supervisor.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>
#include <sys/types.h>

#include "base/status.h"

namespace weir::base {

struct ChildPlan {
  std::vector<std::string> arguments;    // the program first, found by PATH when without a slash
  std::vector<std::string> environment;  // NAME=VALUE, beside what this process has
  // Descriptors of ours and their numbers there. What is not named: 0 is /dev/null, 1 and 2 are
  // ours, the rest is closed.
  std::vector<std::pair<int, int>> descriptors;
  bool keep_stdin = false;
  enum class Group { kOurs, kOwn, kSession };  // a signal from the terminal reaches kOurs only
  Group group = Group::kOwn;
};

struct ChildEnd {
  int exit_code = -1;  // -1: it ended by a signal
  int signal = 0;      // 0: it exited
};

class Child {
 public:
  // Signals at their defaults, none blocked. NOT_FOUND, PERMISSION_DENIED or UNAVAILABLE with the
  // system's words when it cannot be started.
  static Result<Child> start(const ChildPlan& plan);

  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();  // kills and reaps what was neither waited for nor released

  int handle() const { return handle_; }  // a pidfd: readable once it has ended
  ChildEnd wait();                        // blocks until it has ended, and reaps it
  void kill();                            // its group, when it has its own
  void release();                         // lets it go on without us

 private:
  Child(pid_t pid, int handle, bool own_group) : pid_(pid), handle_(handle), group_(own_group) {}

  pid_t pid_;  // 0: ended or released
  int handle_;
  bool group_;
};

struct RunPlan {
  std::vector<std::string> arguments;  // the program first
  std::string input;                   // for its stdin; it need not read it
  std::chrono::milliseconds time{10'000};
  bool capture = true;                   // else its output goes where ours does
  std::size_t stdout_bytes = 1u << 20;   // more ends it
  std::size_t stderr_bytes = 64u << 10;  // the rest is read and dropped
  bool keep_background = false;          // what it has started and left may go on
  std::stop_token stop;                  // a request ends it
};

struct RunResult {
  enum class End { kExited, kSignaled, kTimedOut, kTooMuchOutput, kStopped, kNotStarted };
  End end = End::kExited;
  int code = 0;    // exit code or signal
  Status problem;  // of a start that failed
  std::string out;
  std::string err;
};

// Blocks until the program has ended.
RunResult run_program(const RunPlan& plan);

// "SIGSEGV" for 11; "signal 99" when it has no name.
std::string signal_name(int signal);

}  // namespace weir::base
