// Small wrappers over the operating system that both processes of a worker
// use: owned descriptors, the clocks, and whole files. Safe from any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/ids.h"
#include "base/status.h"

namespace weir::worker {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset();
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Wall time and the boot-time clock, which counts suspended time.
base::Now read_clock();

std::int64_t unix_us(base::WallTime time);
std::int64_t boot_us(base::BootTime time);

// "No such file or directory", for errno values.
std::string errno_text(int error);

// An INTERNAL status that names the call and the path.
base::Status errno_status(std::string_view call, const std::string& path, int error);

// Creates the directory and its parents, for the owner only.
base::Status make_directories(const std::string& path);

// Writes the whole file beside its place, syncs it and renames it there.
base::Status write_file_durably(const std::string& path, std::string_view bytes, int mode);

// Flushes a directory's entries.
base::Status sync_directory(const std::string& path);

// NOT_FOUND when there is no such file; at most `bytes_max` are read, more is OUT_OF_RANGE.
base::Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

// "RUN-TASK-EPOCH": one attempt in file names.
std::string attempt_file_name(const base::AttemptKey& key);

}  // namespace weir::worker
