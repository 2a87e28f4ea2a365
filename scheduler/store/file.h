// Files as the store needs them: owned descriptors, durable writes, errors as Status. Plain
// functions that block on the disk, safe from any thread. Nothing here knows the layout of the data
// directory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace weir::store {

// An open file descriptor; always close-on-exec, so that executors never inherit it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int value) : value_(value) {}
  ~Fd();
  Fd(Fd&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  int get() const { return value_; }
  bool valid() const { return value_ >= 0; }

 private:
  int value_ = -1;
};

// What errno means: ENOSPC and EDQUOT are RESOURCE_EXHAUSTED (WEIR-E0401), ENOENT is NOT_FOUND,
// EACCES, EPERM and EROFS are PERMISSION_DENIED (WEIR-E0403), the rest UNAVAILABLE (WEIR-E0405).
base::Status errno_status(int error, std::string_view doing, const std::string& path);

base::Result<Fd> open_file(const std::string& path, int flags, int mode = 0600);
base::Status write_all(int fd, std::string_view bytes, const std::string& path);
// Appends at a fixed place; short writes are continued.
base::Status write_at(int fd, std::int64_t offset, std::string_view bytes, const std::string& path);
// At most `limit` bytes from `offset`; fewer at the end of the file.
base::Result<std::string> read_at(int fd, std::int64_t offset, std::int64_t limit,
                                  const std::string& path);
base::Result<std::string> read_whole(const std::string& path, std::int64_t limit);

// A failed fsync aborts the process: afterwards nothing is known of what the disk holds.
void sync_file(int fd, const std::string& path);
base::Status sync_directory(const std::string& path);

// The directory and its parents, mode 0700 for those that are made.
base::Status make_directories(const std::string& path);
// Temporary file, fsync, rename, fsync of the directory.
base::Status replace_file(const std::string& path, std::string_view bytes, int mode);

}  // namespace weir::store
