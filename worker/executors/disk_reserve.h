// What of a disk is left for the scheduler's commits and the worker's own small files: neither logs
// nor values are written into it. The same rule as the scheduler's for the values of finished
// attempts. Free functions; they ask the file system each time.
#pragma once

#include <cstdint>
#include <string>

namespace weir::worker {

inline constexpr std::int64_t kDiskReserveBytesMax = 64 << 20;

// The smaller of kDiskReserveBytesMax and 5 % of the file system; 0 when it cannot be measured.
std::int64_t disk_reserve(const std::string& path);

// Bytes that are free beyond the reserve, negative when it is touched. A file system that cannot be
// measured has room.
std::int64_t room_beyond(const std::string& path, std::int64_t reserve);

}  // namespace weir::worker
