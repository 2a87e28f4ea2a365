// The figures of `weir doctor` that the store and the loop know: fsync latency, disk, database,
// loop, quarantined rows, the check of the database. Reads counters and sizes, so health() is safe
// from any thread and quick; it never touches the engine or the write connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "scheduler/alerts/alert_outbox.h"
#include "scheduler/alerts/watch.h"
#include "scheduler/loop/loop.h"
#include "scheduler/rpc/health_source.h"
#include "scheduler/store/storage.h"

namespace weir {

class SchedulerHealth final : public rpc::HealthSource {
 public:
  // The parts outlive it.
  SchedulerHealth(const store::Storage& storage, const loop::Loop& loop,
                  const alerts::AlertOutbox& outbox, const alerts::Watch& watch,
                  ports::RetentionOptions kept);

  std::vector<rpc::HealthItem> health() override;

  // The rows that could not be decoded when the engine was restored.
  void set_quarantined(std::vector<std::string> rows);
  // The median of an fsync in the data directory, once it has been measured.
  void set_fsync_us(std::int64_t median) { fsync_us_ = median; }
  // The result of the check of the database.
  void set_checked(const base::Status& result);
  // Channels of alerts that the operator has configured; before anybody asks.
  void set_channels(std::vector<std::string> names) { channels_ = std::move(names); }
  // Of how many runs the logs went, or why not.
  void set_logs_removed(const base::Result<int>& runs);

  // Whether the store can be written.
  bool writable() const { return loop_.stats().open.load(); }
  // Whether a new run would be admitted, as far as the store and the disk are concerned.
  bool admitting() const { return writable() && storage_.guard->admit().ok(); }

 private:
  rpc::HealthItem fsync() const;
  rpc::HealthItem disk() const;
  rpc::HealthItem loop() const;
  rpc::HealthItem database() const;
  rpc::HealthItem quarantine() const;
  rpc::HealthItem integrity() const;
  rpc::HealthItem retention() const;
  rpc::HealthItem alerts() const;
  rpc::HealthItem channels() const;
  rpc::HealthItem heartbeat() const;

  const store::Storage& storage_;
  const loop::Loop& loop_;
  const alerts::AlertOutbox& outbox_;
  const alerts::Watch& watch_;
  const ports::RetentionOptions kept_;
  std::vector<std::string> channels_;
  std::atomic<std::int64_t> fsync_us_{-1};  // -1: not measured yet
  mutable std::mutex mutex_;
  std::vector<std::string> quarantined_;       // guarded by mutex_
  std::string integrity_ = "not checked yet";  // guarded by mutex_
  bool intact_ = true;                         // guarded by mutex_
  std::int64_t logs_removed_ = 0;              // of so many runs; guarded by mutex_
  base::Status logs_;                          // why the last could not be; guarded by mutex_
};

}  // namespace weir
