// Committed rows for the API, on a bounded pool of read-only connections. Every call is one short
// read, so that it never holds up the reuse of the WAL; lists are key-set pages. Safe from any
// thread; a call may block on the disk or, up to kBorrowWait, on the pool, so it does not belong on
// an event loop. Never checkpoints, never writes.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/records.h"
#include "scheduler/ports/reader.h"
#include "scheduler/store/reader_pool.h"
#include "scheduler/store/retention/retention.h"

namespace weir::store {

inline constexpr int kReadersDefault = 4;
inline constexpr std::size_t kStageNamesMax = 8;  // modules whose stages' names are remembered
inline constexpr auto kLeaseCountsAge = std::chrono::milliseconds(500);

class SqliteReader final : public ports::Reader {
  struct Private {  // only open() makes readers
    explicit Private() = default;
  };

 public:
  template <class T>
  using Result = base::Result<T>;
  template <class Row>
  using Page = ports::Page<Row>;

  SqliteReader(Private, std::unique_ptr<ReaderPool> pool, RetentionOptions kept)
      : pool_(std::move(pool)), kept_(kept) {}
  // The database must exist: open the SqliteStore first. `kept` is only told of.
  static Result<std::unique_ptr<SqliteReader>> open(const std::string& path,
                                                    int connections = kReadersDefault,
                                                    RetentionOptions kept = {});

  Result<Page<ports::RunWithCounts>> list_runs(const ports::RunFilter& filter,
                                               const ports::PageRequest& page) override;
  Result<ports::RunWithCounts> get_run(engine::RunId run) override;
  Result<engine::RunId> resolve_run(std::string_view reference) override;
  Result<Page<engine::TaskRow>> list_tasks(engine::RunId run,
                                           std::optional<engine::TaskState> state,
                                           const std::string& name,
                                           const ports::PageRequest& page) override;
  Result<Page<engine::AttemptRow>> list_attempts(engine::RunId run,
                                                 std::optional<std::int32_t> task,
                                                 const ports::PageRequest& page) override;
  Result<std::vector<engine::CheckRow>> list_checks(const engine::AttemptKey& attempt) override;
  Result<Page<engine::AssetRow>> list_assets(const std::string& pipeline,
                                             const ports::PageRequest& page) override;
  Result<engine::AssetRow> get_asset(const std::string& name) override;
  Result<engine::MaterializationRow> get_materialization(std::int64_t id) override;
  Result<engine::MaterializationRow> get_current(const engine::AssetPartition& of) override;
  Result<engine::AssetPartitionRow> get_partition(const engine::AssetPartition& of) override;
  Result<Page<engine::MaterializationRow>> list_materializations(
      const engine::AssetPartition& of, const ports::PageRequest& page) override;
  Result<Page<engine::ModuleRow>> list_modules(const ports::PageRequest& page) override;
  Result<engine::ModuleRow> get_module(const engine::Digest& digest) override;
  Result<std::vector<engine::ModuleRow>> active_modules() override;
  Result<Page<engine::WorkerRow>> list_workers(const ports::PageRequest& page) override;
  Result<std::int32_t> count_leases(const std::string& worker) override;
  Result<Page<engine::ScheduleRow>> list_schedules(const ports::ScheduleFilter& filter,
                                                   const ports::PageRequest& page) override;
  Result<engine::ScheduleRow> get_schedule(const std::string& name) override;
  Result<engine::Snapshot> snapshot() override;
  Result<std::map<std::string, engine::Durations>> durations(
      const std::vector<std::string>& assets) override;
  Result<std::map<std::string, engine::Durations>> job_durations(
      const std::vector<std::string>& jobs) override;
  Result<Page<engine::TickRow>> list_ticks(const std::string& schedule,
                                           const ports::TickFilter& filter,
                                           const ports::PageRequest& page) override;
  Result<Page<engine::AlertRuleRow>> list_alert_rules(const ports::PageRequest& page) override;
  Result<engine::AlertRuleRow> get_alert_rule(const std::string& name) override;
  Result<Page<engine::SilenceRow>> list_silences(const ports::PageRequest& page) override;
  Result<Page<engine::AlertRow>> list_alerts(const ports::AlertFilter& filter,
                                             const ports::PageRequest& page) override;
  Result<engine::AlertRow> get_alert(std::int64_t id) override;
  Result<std::int64_t> count_undelivered(base::WallTime since) override;
  Result<Page<engine::FreshnessRow>> list_freshness(const ports::FreshnessFilter& filter,
                                                    const ports::PageRequest& page) override;
  Result<engine::FreshnessRow> get_freshness(const std::string& asset) override;
  // OUT_OF_RANGE when events after `since` have gone with their runs, and when `since` is ahead of
  // the log.
  Result<std::vector<engine::EventRow>> list_events(std::int64_t since,
                                                    std::optional<engine::RunId> run,
                                                    int limit) override;
  Result<std::int64_t> last_seq() override;
  Result<engine::ArtifactRow> get_artifact(const engine::Digest& digest) override;

  // SQLite's own check of the file: DATA_LOSS with the first thing that is wrong. Slow: minutes on
  // a large database. Gives up soon after `stop` is requested, with CANCELLED.
  base::Status quick_check(const std::stop_token& stop = {});

 private:
  using StageNames = std::shared_ptr<const std::vector<std::string>>;  // by index of the stage
  struct TaskQuery {
    engine::RunId run;
    std::optional<engine::TaskState> state;
    std::string name;        // empty: any
    std::int64_t after = 0;  // index of the task before the page
    int size = 0;
  };

  Result<std::vector<std::int32_t>> task_counts(ReaderPool::Lease& lease, engine::RunId run);
  // Those that have no row yet, up to one more than fits.
  Result<std::vector<engine::TaskRow>> planned_tasks(ReaderPool::Lease& lease,
                                                     const TaskQuery& query);
  static void add_planned(const TaskQuery& query, std::vector<engine::TaskRow> planned,
                          Page<engine::TaskRow>& page);
  Result<StageNames> stage_names(ReaderPool::Lease& lease, const engine::Digest& module);
  Result<engine::RunId> newest_run(ReaderPool::Lease& lease, std::string_view condition,
                                   std::string_view reference);

  Result<std::map<std::string, engine::Durations>> select_durations(
      const char* sql, const std::vector<std::string>& names);

  // Of a reference to one that there is not, or not any more.
  base::Status unknown_run(std::string_view reference) const;

  std::unique_ptr<ReaderPool> pool_;
  const RetentionOptions kept_;
  std::mutex mutex_;
  std::map<engine::Digest, StageNames> stage_names_;         // guarded by mutex_
  std::map<std::string, std::int32_t> lease_counts_;         // guarded by mutex_
  std::chrono::steady_clock::time_point lease_counts_at_{};  // guarded by mutex_
};

}  // namespace weir::store
