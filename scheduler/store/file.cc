// POSIX files: see file.h. Retries what a signal interrupted and continues short writes, so that
// callers see whole operations or a Status. Safe from any thread, but it blocks on the disk: not
// for threads of gRPC.
#include "scheduler/store/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/errors.h"
#include "base/private_files.h"

namespace weir::store {

using base::Code;
using base::Result;
using base::Status;

Fd::~Fd() {
  if (value_ >= 0) close(value_);
}

Status errno_status(int error, std::string_view doing, const std::string& path) {
  std::string message =
      std::string(doing) + " " + path + ": " + std::generic_category().message(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return {Code::kResourceExhausted, base::kErrDiskFull, message + "; free space there"};
    case ENOENT:
    case ENOTDIR:
      return {Code::kNotFound, base::kErrStore, std::move(message)};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Code::kPermissionDenied, base::kErrDataDirUnwritable,
              message + "; give the scheduler's user access to it"};
    default:
      return {Code::kUnavailable, base::kErrStore, std::move(message)};
  }
}

Result<Fd> open_file(const std::string& path, int flags, int mode) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return errno_status(errno, "opening", path);
  return Fd(fd);
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t done = write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno_status(errno, "writing", path);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Status write_at(int fd, std::int64_t offset, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t done = pwrite(fd, bytes.data(), bytes.size(), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno_status(errno, "writing", path);
    bytes.remove_prefix(static_cast<std::size_t>(done));
    offset += done;
  }
  return {};
}

Result<std::string> read_at(int fd, std::int64_t offset, std::int64_t limit,
                            const std::string& path) {
  std::string out(static_cast<std::size_t>(std::max<std::int64_t>(limit, 0)), '\0');
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = pread(fd, out.data() + filled, out.size() - filled,
                              offset + static_cast<std::int64_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_status(errno, "reading", path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  out.resize(filled);
  return out;
}

Result<std::string> read_whole(const std::string& path, std::int64_t limit) {
  Result<Fd> fd = open_file(path, O_RDONLY);
  if (!fd.ok()) return fd.status();
  return read_at(fd->get(), 0, limit, path);
}

void sync_file(int fd, const std::string& path) {
  CHECK_MSG(fsync(fd) == 0, "fsync of " + path + " failed: the disk cannot be trusted");
}

Status sync_directory(const std::string& path) {
  Result<Fd> fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!fd.ok()) return fd.status();
  sync_file(fd->get(), path);
  return {};
}

Status make_directories(const std::string& path) {
  const std::error_code error = base::make_private_directories(path);
  return error ? errno_status(error.value(), "making directory", path) : Status();
}

Status replace_file(const std::string& path, std::string_view bytes, int mode) {
  const std::string temporary = path + ".new";
  Result<Fd> fd = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode);
  if (!fd.ok()) return fd.status();
  if (fchmod(fd->get(), static_cast<mode_t>(mode)) != 0) {
    return errno_status(errno, "setting the mode of", temporary);
  }
  if (Status status = write_all(fd->get(), bytes, temporary); !status.ok()) return status;
  sync_file(fd->get(), temporary);
  if (rename(temporary.c_str(), path.c_str()) != 0) return errno_status(errno, "renaming", path);
  return sync_directory(std::filesystem::path(path).parent_path().string());
}

}  // namespace weir::store
