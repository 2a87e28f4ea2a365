// Ctrl-C and SIGTERM as something to ask for or to wait for. The handler only sets a flag and wakes
// the waiter; the second interrupt ends the process at once.
// Install from the main thread.
#pragma once

#include <chrono>

namespace weir::cli {

// Takes SIGINT and SIGTERM over (and ignores SIGPIPE). Idempotent.
void install_interrupt_handler();

// The signal that came, 0 for none yet.
int interrupted();

// Waits for an interrupt; false when the time passed without one. A negative timeout waits for
// ever.
bool wait_for_interrupt(std::chrono::milliseconds timeout);

}  // namespace weir::cli
