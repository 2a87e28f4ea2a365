// Reading of log pipes and the attempt's belongings. Reads are bounded,
// so that a flood in one executor does not keep the loop from the
// others.
#include "worker/executors/executor.h"

#include <algorithm>
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "worker/executors/reports.h"

namespace weir::worker {

void Executor::attach(Launch& work, AttemptSpool logs) {
  launch = &work;
  spool.emplace(std::move(logs));
  stderr_tail.clear();
  finished.Clear();
  progress.reset();
  progress_news = false;
}

void Executor::detach() {
  launch = nullptr;
  spool.reset();
  strays_seen = false;
  log_grew = false;
  busy_since_ticks = 0;
}

void Executor::log(LogStream stream, std::string_view bytes) {
  if (!spool || bytes.empty()) return;
  spool->append(stream, bytes);
  log_grew = true;
  if (stream != LogStream::kStderr) return;
  stderr_tail.append(bytes.substr(bytes.size() - std::min(bytes.size(), kStderrTailBytes)));
  if (stderr_tail.size() > 2 * kStderrTailBytes) {
    stderr_tail.erase(0, stderr_tail.size() - kStderrTailBytes);
  }
}

std::size_t Executor::waiting_in_pipe(int index) const {
  int bytes = 0;
  if (!pipes[index] || ::ioctl(pipes[index].get(), FIONREAD, &bytes) != 0) return 0;
  return std::size_t(bytes);
}

bool Executor::drain_pipe(int index, std::size_t bytes_max) {
  char buffer[64 << 10];
  while (pipes[index] && bytes_max > 0) {
    const ssize_t n = ::read(pipes[index].get(), buffer, std::min(sizeof buffer, bytes_max));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return true;
    if (n == 0) {
      pipes[index].reset();
      return false;
    }
    bytes_max -= std::size_t(n);
    log(index == 0 ? LogStream::kStdout : LogStream::kStderr,
        std::string_view(buffer, std::size_t(n)));
    if (std::size_t(n) < sizeof buffer) return true;  // it is empty: spares a call
  }
  return bool(pipes[index]);
}

}  // namespace weir::worker
