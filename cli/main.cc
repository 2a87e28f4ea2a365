// The program `weir`: scheduler, worker and command line in one.
// Nothing happens here but the hand-over to the command line; whatever a test should reach
// stands in app.h.
#include <string>
#include <vector>

#include <absl/synchronization/mutex.h>

#include "cli/app.h"

int main(int argc, char** argv) {
#ifdef NDEBUG
  // Debian builds gRPC's locks with Abseil's search for deadlocks, a graph behind one global lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  return weir::cli::run_command_line(std::vector<std::string>(argv + 1, argv + argc));
}
