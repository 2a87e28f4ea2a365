// Thin: each function is one system call, or the usual few, with its
// error made into words that name the path. No state; safe from any
// thread.
#include "worker/supervisor/system.h"

#include <filesystem>
#include <system_error>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/private_files.h"

namespace weir::worker {

using base::Code;
using base::Status;

Fd::~Fd() { reset(); }

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

base::Now read_clock() {
  timespec boot{};
  timespec wall{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  ::clock_gettime(CLOCK_REALTIME, &wall);
  const auto us = [](const timespec& t) {
    return base::Duration(std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000);
  };
  return {base::WallTime(us(wall)), base::BootTime(us(boot))};
}

std::int64_t unix_us(base::WallTime time) { return time.time_since_epoch().count(); }

std::int64_t boot_us(base::BootTime time) { return time.time_since_epoch().count(); }

std::string errno_text(int error) {
  const char* text = ::strerrordesc_np(error);
  return text == nullptr ? "error " + std::to_string(error) : text;
}

Status errno_status(std::string_view call, const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  return Status(full     ? Code::kResourceExhausted
                : denied ? Code::kPermissionDenied
                         : Code::kInternal,
                full     ? base::kErrDiskFull
                : denied ? base::kErrDataDirUnwritable
                         : base::kErrInternal,
                std::string(call) + " " + path + ": " + errno_text(error));
}

Status make_directories(const std::string& path) {
  const std::error_code error = base::make_private_directories(path);
  return error ? errno_status("cannot create the directory", path, error.value()) : Status();
}

Status sync_directory(const std::string& path) {
  const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return errno_status("cannot sync", path, errno);
  return {};
}

Status write_file_durably(const std::string& path, std::string_view bytes, int mode) {
  const std::string temporary = path + ".tmp";
  const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file) return errno_status("cannot create", temporary, errno);
  while (!bytes.empty()) {
    const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status("cannot write", temporary, errno);
    bytes.remove_prefix(std::size_t(n));
  }
  if (::fsync(file.get()) != 0) return errno_status("cannot sync", temporary, errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return errno_status("cannot rename", temporary, errno);
  }
  return sync_directory(std::filesystem::path(path).parent_path().string());
}

base::Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return Status(Code::kNotFound, 0, "there is no file " + path);
  if (!file) return errno_status("cannot open", path, errno);
  std::string bytes;
  char buffer[16 << 10];
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status("cannot read", path, errno);
    if (n == 0) return bytes;
    if (bytes.size() + std::size_t(n) > bytes_max) {
      return Status(Code::kOutOfRange, base::kErrLimit,
                    path + " is larger than " + std::to_string(bytes_max) + " bytes");
    }
    bytes.append(buffer, std::size_t(n));
  }
}

std::string attempt_file_name(const base::AttemptKey& key) {
  return key.run.text() + "-" + std::to_string(key.task) + "-" + std::to_string(key.epoch);
}

}  // namespace weir::worker
