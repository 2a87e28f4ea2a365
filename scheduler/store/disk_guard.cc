// Free space and sync latency of a file system: see disk_guard.h. Space is asked for anew each
// time, nothing is cached, so it is safe from any thread. When it cannot be measured, work is
// admitted: the write that follows will say what is wrong.
#include "scheduler/store/disk_guard.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/errors.h"
#include "scheduler/store/file.h"

namespace weir::store {

using base::Result;
using base::Status;

namespace {
constexpr std::int64_t kMinFreeMax = std::int64_t{1} << 30;
constexpr std::size_t kProbes = 20;
constexpr std::size_t kProbeBytes = 4096;
}  // namespace

std::int64_t default_min_free(std::int64_t total_bytes) {
  return std::min(kMinFreeMax, total_bytes / 20);
}

Result<DiskSpace> DiskGuard::measure() const {
  struct statvfs info {};
  if (statvfs(path_.c_str(), &info) != 0) return errno_status(errno, "measuring", path_);
  const auto block = static_cast<std::int64_t>(info.f_frsize);
  DiskSpace space;
  space.free_bytes = static_cast<std::int64_t>(info.f_bavail) * block;
  space.total_bytes = static_cast<std::int64_t>(info.f_blocks) * block;
  space.limit_bytes = min_free_bytes_.value_or(default_min_free(space.total_bytes));
  return space;
}

Status DiskGuard::admit(std::int64_t more_bytes) const {
  Result<DiskSpace> space = measure();
  if (!space.ok()) return {};
  return judge_space(*space, more_bytes, path_);
}

Status DiskGuard::admit_finished(std::int64_t more_bytes) const {
  Result<DiskSpace> space = measure();
  if (!space.ok()) return {};
  return judge_space(for_finished_work(*space), more_bytes, path_);
}

DiskSpace for_finished_work(DiskSpace space) {
  space.limit_bytes = std::min(space.limit_bytes, kFinishedReserveBytes);
  return space;
}

Status judge_space(const DiskSpace& space, std::int64_t more_bytes, const std::string& path) {
  if (space.free_bytes - more_bytes >= space.limit_bytes) return {};
  return {base::Code::kResourceExhausted, base::kErrDiskFull,
          std::to_string(space.free_bytes) + " bytes are free on the file system of " + path +
              ", the limit is " + std::to_string(space.limit_bytes) +
              (more_bytes > 0 ? ", " + std::to_string(more_bytes) + " more are asked for" : "") +
              "; free space or start with a smaller --min-free"};
}

Result<std::int64_t> probe_fsync_us(const std::string& directory) {
  const std::string path = directory + "/.fsync-probe";
  Result<Fd> fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!fd.ok()) return fd.status();
  unlink(path.c_str());
  const std::string block(kProbeBytes, 'w');
  std::array<std::int64_t, kProbes> taken{};
  for (std::size_t i = 0; i < kProbes; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto offset = static_cast<std::int64_t>(i * kProbeBytes);
    if (Status status = write_at(fd->get(), offset, block, path); !status.ok()) return status;
    if (fdatasync(fd->get()) != 0) return errno_status(errno, "syncing", path);
    taken[i] = std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::steady_clock::now() - start)
                   .count();
  }
  std::nth_element(taken.begin(), taken.begin() + kProbes / 2, taken.end());
  return taken[kProbes / 2];
}

}  // namespace weir::store
