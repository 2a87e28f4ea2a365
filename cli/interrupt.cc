// A flag and an event descriptor that the signal handler sets. The handler does nothing else: only
// async-signal-safe calls stand in it.
// Installed and asked from the main thread.
#include "cli/interrupt.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace weir::cli {
namespace {

std::atomic<int> caught = 0;
int wake_fd = -1;

void on_signal(int signal) {
  const int saved = errno;
  if (caught.exchange(signal) != 0) ::_exit(128 + signal);
  const std::uint64_t one = 1;
  if (::write(wake_fd, &one, sizeof one) < 0) errno = saved;
  errno = saved;
}

}  // namespace

void install_interrupt_handler() {
  if (wake_fd >= 0) return;
  wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int interrupted() { return caught.load(); }

bool wait_for_interrupt(std::chrono::milliseconds timeout) {
  while (interrupted() == 0) {
    pollfd wait{wake_fd, POLLIN, 0};
    const int limit = timeout.count() < 0 ? -1 : static_cast<int>(timeout.count());
    const int ready = ::poll(&wait, 1, limit);
    if (ready == 0) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
  return true;
}

}  // namespace weir::cli
