// A FIFO that tells when the processes which hold it open are gone: they inherit it, so that its
// end is the end of all of them, whatever their ids. Waits are bounded; a process that lives on
// shows as words in what was read. One thread.
#pragma once

#include <cerrno>
#include <chrono>
#include <string>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir::tests {

class HeldFifo {
 public:
  explicit HeldFifo(std::string path) : path_(std::move(path)) {
    ::mkfifo(path_.c_str(), 0600);
    fd_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~HeldFifo() { ::close(fd_); }
  HeldFifo(const HeldFifo&) = delete;
  HeldFifo& operator=(const HeldFifo&) = delete;

  const std::string& path() const { return path_; }

  // What was written until the last holder ended.
  std::string read_to_end() const { return read_until('\0'); }
  // Up to the end of a line.
  std::string read_line() const { return read_until('\n'); }

 private:
  static constexpr int kWaitMs = 10'000;

  std::string read_until(char last) const {
    std::string text;
    for (;;) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, kWaitMs) <= 0) return text + " (and somebody holds it still)";
      char next = 0;
      const ssize_t count = ::read(fd_, &next, 1);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count <= 0 || next == last) return text;
      text += next;
    }
  }

  std::string path_;
  int fd_ = -1;
};

}  // namespace weir::tests
