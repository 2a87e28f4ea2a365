// One turn of the scheduler without its thread: commands in, one commit, effects out. No effect
// leaves before the rows it follows from are durable. Owned and called by one thread (the loop's,
// or the simulator's); takes no clock of its own; knows nothing of SQLite or gRPC. A commit that
// fails, or whose outcome is not known, drops the batch's effects and reloads the engine from the
// tables.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "calendar/zone.h"
#include "engine/engine.h"
#include "engine/store.h"
#include "scheduler/ports/blobs.h"
#include "scheduler/ports/inbox.h"

namespace weir::loop {

// How long rows that nothing waits on may lie in memory for a batch to join.
inline constexpr base::Duration kLazyWait = std::chrono::milliseconds(100);
inline constexpr base::Duration kReopenWaitMin = std::chrono::milliseconds(100);
inline constexpr base::Duration kReopenWaitMax = std::chrono::seconds(5);
inline constexpr std::size_t kLazyRecordsMax = 20'000;  // more are committed without waiting
// Also ends a batch, so that a commit is bounded by what one command may cause beyond it.
inline constexpr std::size_t kBatchRecordsMax = 10'000;
inline constexpr std::size_t kOutboxPage = 1'000;  // rows copied at once to be handed out

// Where effects go, all on the calling thread, in the order: sends, replies, outbox, then
// batch_committed.
struct TurnPorts {
  ports::SessionSink& sessions;
  std::function<void(const engine::Reply&)> reply;
  // False: there is no room for it, nor for later ones; outbox_refused() says from where on. May be
  // empty.
  std::function<bool(const engine::OutboxRow&)> outbox;
  ports::BlobStore* artifacts = nullptr;    // null: artifacts are rows only
  std::function<base::Status()> admission;  // not OK: no new runs and modules; may be empty
  // The time now, for a restore: what came before it may have taken long. Empty: the batch's.
  std::function<base::Now()> clock;
  // Whether the batch has taken long enough, asked after each of its commands. Empty: it never has.
  std::function<bool()> enough = {};
  // A time zone by its IANA name, for a restore. Empty: UTC is the only one.
  std::function<base::Result<calendar::Zone>(const std::string& name)> zone = {};
};

// Safe to read from any thread.
struct TurnStats {
  std::atomic<std::int64_t> commands{0};
  std::atomic<std::int64_t> batches{0};
  std::atomic<std::int64_t> commits{0};         // synced
  std::atomic<std::int64_t> lazy_commits{0};    // of their own, not synced
  std::atomic<std::int64_t> failed_batches{0};  // dropped, the engine was reloaded
  std::atomic<std::int64_t> refused{0};         // while closed, or for want of disk space
  std::atomic<std::int64_t> quarantined{0};     // rows the last restore could not decode
  std::atomic<bool> open{false};
  base::Histogram batch_commands;
  base::Histogram commit_us;  // writing the rows and the commit, by the steady clock
  base::Histogram step_us;    // of a batch: reads and steps without the commit
};

class Turn {
 public:
  Turn(engine::Options options, engine::Store& store, TurnPorts ports);

  // Restores the engine and hands out the undelivered outbox rows. Fails when the store cannot be
  // read; one that cannot be written leaves the turn closed until reopen().
  base::Status start(base::Now now);

  // Processes the commands in order as one batch, until it has taken long enough or has records
  // enough, and says how many
  // that were, one at least. Replies to those have been given when it returns, unless the engine
  // answers later; commands met while closed are answered UNAVAILABLE. Before them the engine is
  // told how the disk stands, when that has changed.
  std::size_t run(std::span<const engine::Command> batch, base::Now now);

  // Whether the last batch found the disk full, so that no run began.
  bool disk_full() const { return !room_.ok(); }

  // When rows that wait for a batch must be committed on their own.
  std::optional<base::BootTime> lazy_deadline() const { return lazy_deadline_; }
  // Commits them, in sync when there are events among them; also at an orderly end.
  void flush_lazy(base::Now now);

  // After a failure: when to try again. reopen() writes a probe, then restores; open() says whether
  // it succeeded.
  std::optional<base::BootTime> reopen_deadline() const { return reopen_deadline_; }
  void reopen(base::Now now);
  bool open() const { return open_; }
  const base::Status& closed_by() const { return closed_by_; }  // OK while open

  // The lowest row that found no room, and a way to hand out those from there on again.
  std::optional<std::int64_t> outbox_refused() const { return outbox_refused_; }
  void offer_outbox();

  const engine::Engine& engine() const { return engine_; }
  const TurnStats& stats() const { return stats_; }
  const std::vector<std::string>& quarantined() const { return quarantined_; }
  std::int64_t last_seq() const { return last_seq_; }  // of the newest committed event

 private:
  base::Status look_at_disk(const engine::Command& first);
  base::Status step(const engine::Command& command);
  base::Status load_facts(const engine::Command& command, engine::Facts& facts);
  void drop_missing_artifacts(const engine::Reads& reads, engine::Facts& facts) const;
  bool refuse_new_work(const engine::Command& command, const engine::Facts& facts);
  base::Status sync_store();
  base::Status open_transaction(bool lazy);
  base::Status write_pending();
  base::Status commit_batch(base::Now now);
  void deliver();
  void fail(std::span<const engine::Command> batch, const base::Status& cause, base::Now now);
  void close(const base::Status& cause, base::Now now);
  base::Status restore(base::Now now);
  void load_zones(engine::Snapshot& snapshot);
  void refuse(std::span<const engine::Command> batch);
  void answer(const engine::Command& command, const base::Status& status);

  engine::Engine engine_;
  engine::Zones zones_;  // that were loaded
  engine::Store& store_;
  TurnPorts ports_;
  TurnStats stats_;

  std::vector<engine::Record>
      pending_;                    // stepped, not yet written; lazy ones may be of earlier batches
  std::size_t batch_records_ = 0;  // of this batch, written ones too
  std::vector<engine::Send> sends_;        // of this batch
  std::vector<engine::Reply> replies_;     // of this batch
  std::vector<engine::OutboxRow> outbox_;  // of this batch
  std::optional<std::int64_t> outbox_refused_;
  base::Status room_;  // on the disk, as the last batch has found it
  bool in_transaction_ = false;
  bool wrote_ = false;  // records, in the open transaction
  bool sync_ = false;   // an effect of this batch waits on its rows
  std::optional<base::BootTime> lazy_deadline_;
  std::int64_t last_seq_ = 0;
  std::int64_t pending_seq_ = 0;  // newest event that was stepped

  bool open_ = false;
  base::Status closed_by_;
  std::optional<base::BootTime> reopen_deadline_;
  base::Duration reopen_wait_ = kReopenWaitMin;
  std::optional<base::BootTime> reopened_at_;  // after the last failure
  std::vector<std::string> quarantined_;
};

// The request's correlation id, 0 for commands that nobody waits for.
std::uint64_t reply_to(const engine::Command& command);
// False when commands of that kind are not answered.
bool set_reply_to(ports::CommandBody& body, std::uint64_t id);

}  // namespace weir::loop
