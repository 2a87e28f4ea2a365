// The tables in SQLite: the one connection that writes and checkpoints, and what the engine is
// rebuilt from. Used from one thread (the loop's) after open(), except stats() and generation().
// Must not be opened twice on one file: the lock of DataDirectory sees to that. Knows nothing of
// the engine's rules.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/histogram.h"
#include "engine/store.h"
#include "scheduler/store/retention/retention.h"
#include "scheduler/store/row_writer.h"
#include "scheduler/store/sqlite.h"

namespace weir::store {

inline constexpr std::int64_t kWalBytesMax = 16 << 20;   // past it a busy loop checkpoints too
inline constexpr std::int64_t kWalBytesReady = 8 << 20;  // of disk that commits find laid out
inline constexpr int kRepliesPrunedMax = 500;            // rows one housekeeping round deletes
inline constexpr auto kPruneEvery = std::chrono::minutes(1);
inline constexpr auto kPruneAgain = std::chrono::milliseconds(100);  // when a limit stopped a round
inline constexpr auto kReplyAge = std::chrono::hours(24 * 7);
inline constexpr int kVacuumPagesMax = 256;         // pages one housekeeping round frees
inline constexpr int kFreePagesKept = 1024;         // that a busy store keeps to write on
inline constexpr std::int64_t kBurstRows = 50'000;  // written or restored, leave memory behind

// Milliseconds of the last attempts that made an asset, the newest first: asset, how many.
inline constexpr const char* kSelectDurations =
    "SELECT max((attempts.finished_at - attempts.started_at + 999) / 1000, 0) "
    "FROM materializations AS made JOIN attempts USING (run_id, task, epoch) "
    "WHERE made.asset=? AND made.partition='' AND attempts.started_at > 0 "
    "AND attempts.finished_at IS NOT NULL ORDER BY made.id DESC LIMIT ?";

// What the successes among the last thousand runs of a job took, which queued ones are too. A retry
// makes only what its parent had not.
inline constexpr const char* kSelectJobDurations =
    "SELECT max((finished_at - started_at + 999) / 1000, 0) FROM (SELECT run_id, state, origin, "
    "started_at, finished_at FROM runs WHERE job=? ORDER BY run_id DESC LIMIT 1000) "
    "WHERE state='succeeded' AND origin<>'retry' AND started_at IS NOT NULL "
    "AND finished_at IS NOT NULL ORDER BY run_id DESC LIMIT ?";

inline constexpr int kApplicationId = 0x57656972;  // "Weir", so that file(1) and we know our own

// A store generation that no database has had, never 0.
std::uint64_t fresh_generation();

// What `weir doctor` shows of the store; safe to read from any thread.
struct StoreStats {
  std::atomic<std::int64_t> sync_commits{0};
  std::atomic<std::int64_t> lazy_commits{0};
  std::atomic<std::int64_t> failed_commits{0};
  std::atomic<std::int64_t> wal_bytes{0};  // not yet checkpointed
  std::atomic<std::int64_t> replies_pruned{0};
  std::atomic<std::int64_t> runs_forgotten{0};
  std::atomic<std::int64_t> events_forgotten{0};
  std::atomic<std::int64_t> ticks_forgotten{0};
  base::Histogram sync_us;        // COMMIT with its fsync
  base::Histogram checkpoint_us;  // how long the loop stood still for a checkpoint
  base::Histogram retention_us;   // and for a round of what is no longer kept
};

class SqliteStore final : public engine::Store {
  struct Private {  // only open() makes stores
    explicit Private() = default;
  };

 public:
  SqliteStore(Private, std::string path, Connection connection, RetentionOptions kept);
  // Opens or creates the database and brings its schema up to date. FAILED_PRECONDITION
  // (WEIR-E0404) for a newer schema, DATA_LOSS for a file that is not ours or damaged,
  // RESOURCE_EXHAUSTED (WEIR-E0401) when the disk is full.
  static base::Result<std::unique_ptr<SqliteStore>> open(const std::string& path,
                                                         RetentionOptions kept = {});
  // Checkpoints what is left, so that the file alone is the database.
  ~SqliteStore() override;

  base::Status begin() override;
  base::Status begin_lazy() override;
  base::Result<engine::Facts> load(const engine::Reads& reads) override;
  base::Status write(const engine::Record& record) override;
  base::Status commit(engine::Durability durability) override;
  void rollback() override;
  base::Result<engine::Snapshot> restore() override;

  // Cheap work between commits, outside transactions: checkpoints when `idle` or past kWalBytesMax;
  // once in kPruneEvery deletes up to kRepliesPrunedMax old replies, makes a round of what is no
  // longer kept and gives up to kVacuumPagesMax free pages back. Where a limit stopped a round it
  // goes on after kPruneAgain, when idle with the next call, so that a busy scheduler makes none
  // faster than they go. When idle after kBurstRows it gives back the memory that they took.
  base::Status housekeeping(base::Now now, bool idle);

  // Changes whenever the database is created anew or restored from a backup; never 0.
  std::uint64_t generation() const { return generation_; }
  const std::string& path() const { return path_; }
  // Lets the file grow to max(`pages`, its size now): how a full disk is played.
  base::Status limit_pages_for_test(std::int64_t pages);
  const StoreStats& stats() const { return stats_; }

 private:
  base::Status set_up();
  base::Status prepare_statements();
  base::Status read_generation();
  base::Status open_transaction(bool sync);
  base::Status load_durations(Statement& statement, const std::string& name,
                              engine::Durations& durations);
  base::Status load_ticks(const engine::Reads::Ticks& wanted, std::vector<engine::TickRow>& ticks);
  base::Status checkpoint();
  void lay_out_wal();
  base::Status prune(base::Now now, bool idle);
  base::Result<bool> prune_replies(base::WallTime now);
  base::Result<bool> forget_what_is_old(base::Now now);
  base::Result<bool> give_back_pages(bool idle);
  void give_back_memory();

  std::string path_;
  RetentionOptions kept_;
  Connection connection_;
  RowWriter writer_;
  Statement begin_, commit_, rollback_, probe_;
  Statement load_reply_, load_run_, load_artifact_, load_ticks_, load_durations_,
      load_job_durations_, load_materialization_, prune_;
  Retention retention_;
  StoreStats stats_;
  std::uint64_t generation_ = 0;
  std::int64_t rows_since_ = 0;   // written since memory was given back
  bool synchronous_full_ = true;  // the connection's PRAGMA synchronous
  // A commit failed, or another process made the WAL, perhaps without a sync: the next transaction
  // writes a row, so that its sync proves that writing works and takes all before it along.
  bool suspect_ = true;
  std::int64_t probes_ = 0;
  std::optional<base::BootTime> pruned_at_;
  bool prune_again_ = false;  // a limit stopped the last round
};

}  // namespace weir::store
