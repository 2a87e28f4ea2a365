// Watches the free space of the data directory's file system: below the limit no new work is
// admitted, while work that runs may still finish. Also the probe of how long an fsync takes there.
// Stateless but for its limits: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"

namespace weir::store {

// Kept free when finished work is taken in, so that the database can still commit.
inline constexpr std::int64_t kFinishedReserveBytes = 64 << 20;

struct DiskSpace {
  std::int64_t free_bytes = 0;  // for this user
  std::int64_t total_bytes = 0;
  std::int64_t limit_bytes = 0;  // below it nothing new is admitted
};

class DiskGuard {
 public:
  // Without `min_free_bytes` the limit is min(1 GiB, 5 % of the file system).
  explicit DiskGuard(std::string path, std::optional<std::int64_t> min_free_bytes = {})
      : path_(std::move(path)), min_free_bytes_(min_free_bytes) {}

  base::Result<DiskSpace> measure() const;

  // RESOURCE_EXHAUSTED (WEIR-E0401), with the free bytes and the limit, when `more_bytes` would
  // leave less than the limit free. A file system that cannot be measured admits.
  base::Status admit(std::int64_t more_bytes = 0) const;
  // The same for what work that was done brings: only a reserve is kept, so that the limit does not
  // take from runs what they have paid for.
  base::Status admit_finished(std::int64_t more_bytes) const;

 private:
  std::string path_;
  std::optional<std::int64_t> min_free_bytes_;
};

// The pure part of admit().
base::Status judge_space(const DiskSpace& space, std::int64_t more_bytes, const std::string& path);
// The space as finished work is judged by it.
DiskSpace for_finished_work(DiskSpace space);
std::int64_t default_min_free(std::int64_t total_bytes);

// The median in microseconds of twenty writes of 4 KiB with fdatasync each, in a file made in
// `directory` and removed.
base::Result<std::int64_t> probe_fsync_us(const std::string& directory);

}  // namespace weir::store
