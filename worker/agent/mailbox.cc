// An eventfd and a vector of closures: the descriptor tells the owner's
// poll that there is something, the mutex is held for a push or a swap
// only.
#include "worker/agent/mailbox.h"

#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace weir::worker {

Mailbox::Mailbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { CHECK(event_); }

void Mailbox::post(Letter letter) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = letters_.empty();
    letters_.push_back(std::move(letter));
  }
  if (first) wake();
}

void Mailbox::wake() {
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then the owner is awake.
  [[maybe_unused]] const ssize_t n = ::write(event_.get(), &one, sizeof one);
}

std::vector<Mailbox::Letter> Mailbox::take() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(event_.get(), &count, sizeof count);
  const std::lock_guard lock(mutex_);
  return std::exchange(letters_, {});
}

}  // namespace weir::worker
