// One run of the operator's command by the shell, and what its end means for the outbox. Blocks
// until the command has ended, so never on the loop's thread.
// What the command leaves in the background goes on when it ended by itself.
#include "base/child.h"
#include "base/errors.h"
#include "scheduler/alerts/sender.h"

namespace weir::alerts {

using base::Code;
using base::Status;

Status run_command(const std::string& command, std::string_view input,
                   std::chrono::milliseconds timeout, const std::stop_token& stop) {
  base::RunPlan plan;
  plan.arguments = {"/bin/sh", "-c", command};
  plan.input = input;
  plan.time = timeout;
  plan.capture = false;
  plan.keep_background = true;
  plan.stop = stop;
  const base::RunResult result = base::run_program(plan);
  using End = base::RunResult::End;
  switch (result.end) {
    case End::kNotStarted:
      return {Code::kUnavailable, base::kErrInternal, result.problem.message()};
    case End::kStopped:
      return {Code::kCanceled, base::kErrShuttingDown, "the scheduler stops"};
    case End::kTimedOut:
      return {Code::kDeadlineExceeded, base::kErrTimedOut, "the command ran too long"};
    case End::kSignaled:
      return {Code::kUnavailable, base::kErrInternal,
              "the command was killed by signal " + std::to_string(result.code)};
    case End::kTooMuchOutput:  // its output is not ours to count
    case End::kExited:
      break;
  }
  if (result.code == 0) return {};
  return {Code::kUnavailable, base::kErrInternal,
          "the command ended with status " + std::to_string(result.code)};
}

}  // namespace weir::alerts
