// Logs of attempts as files: DATA/logs/RUN/TASK/EPOCH.{stdout,stderr,log}. Never synced: a log is
// no promise. A log whose last chunk has come loses its write permission, which is how its end is
// remembered without another file. Safe from any thread.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/records.h"
#include "scheduler/ports/logs.h"
#include "scheduler/ports/reader.h"
#include "scheduler/store/disk_guard.h"

namespace weir::store {

inline constexpr std::int64_t kLogReadBytesMax = 1 << 20;  // of one read
inline constexpr std::int64_t kLogBytesMax = 256 << 20;    // of one stream of one attempt

class DiskLogStore final : public ports::LogStore {
  struct Private {  // only open() makes stores
    explicit Private() = default;
  };

 public:
  DiskLogStore(Private, std::string root, const DiskGuard* guard)
      : root_(std::move(root)), guard_(guard) {}
  // `guard` may be null: then the disk is filled.
  static base::Result<std::unique_ptr<DiskLogStore>> open(const std::string& root,
                                                          const DiskGuard* guard = nullptr);

  // An empty stream makes a file only when its last chunk comes. FAILED_PRECONDITION for new bytes
  // after the last chunk; RESOURCE_EXHAUSTED past kLogBytesMax, on a full disk, or when no more
  // than the reserve for commits would be left: whoever has the log keeps it until there is room.
  base::Status append(const engine::AttemptKey& attempt, ports::LogStream stream,
                      std::int64_t offset, std::string_view data, bool last) override;
  base::Result<ports::Page<ports::LogInfo>> list(engine::RunId run,
                                                 std::optional<std::int32_t> task,
                                                 const ports::PageRequest& page) override;
  // A log without a file is empty and not complete. `limit` is cut to kLogReadBytesMax; `offset`
  // becomes the place that was read.
  base::Result<std::string> read(const engine::AttemptKey& attempt, ports::LogStream stream,
                                 std::int64_t& offset, std::int64_t limit,
                                 ports::LogInfo& info) override;

  // Removes the logs of runs that were made before then and that `gone` says are no longer kept,
  // and says of how many. May take long; gives up when `stop` is requested.
  base::Result<int> remove_gone(base::WallTime before,
                                const std::function<bool(engine::RunId run)>& gone,
                                const std::stop_token& stop = {});

 private:
  std::string task_folder(engine::RunId run, std::int32_t task) const;
  std::string path_of(const engine::AttemptKey& attempt, ports::LogStream stream) const;
  base::Result<std::vector<std::int32_t>> tasks_of(engine::RunId run) const;
  base::Result<std::vector<ports::LogInfo>> logs_of(engine::RunId run, std::int32_t task) const;

  const std::string root_;
  const DiskGuard* const guard_;
  std::array<std::mutex, 32> mutexes_;  // one appender at a time per log, by hash of its key
};

}  // namespace weir::store
