// One call of statvfs(2) each. What others write meanwhile is not seen: the reserve is large beside
// what is written between two looks. Bytes are those that this user may have, not those that
// only root could take.
#include "worker/executors/disk_reserve.h"

#include <algorithm>
#include <limits>
#include <sys/statvfs.h>

namespace weir::worker {

std::int64_t disk_reserve(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return 0;
  const auto total = std::int64_t(info.f_blocks) * std::int64_t(info.f_frsize);
  return std::min(kDiskReserveBytesMax, total / 20);
}

std::int64_t room_beyond(const std::string& path, std::int64_t reserve) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return std::numeric_limits<std::int64_t>::max();
  return std::int64_t(info.f_bavail) * std::int64_t(info.f_frsize) - reserve;
}

}  // namespace weir::worker
