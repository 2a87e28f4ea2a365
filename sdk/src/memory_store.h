// The tables in memory: what local runs, tests and the simulator use where the scheduler uses
// SQLite. Owns its rows; used from one thread; knows nothing of the engine's rules. Commits can be
// made to fail, before or after they took effect, and the loss of commits that were never synced
// can be played, so that recovery is tested without a disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/store.h"

namespace weir::sdk_impl {

// What a commit does. After kFailedAfter the rows are there although the caller was told of a
// failure; a power cut may still take them.
enum class CommitFault { kNone, kFailedBefore, kFailedAfter };

// Called when set; all of them on the thread that uses the store.
struct FaultHooks {
  std::function<CommitFault(engine::Durability)> on_commit;
  std::function<void()> on_sync;           // of a commit that took effect and is not durable yet
  std::function<base::Status()> on_begin;  // not OK: begin fails with it
  std::function<base::Status(const engine::Record&)> on_write;  // not OK: write fails with it
};

// One table with an undo log, so that a transaction, and everything since the last sync, can be
// taken back.
template <class Key, class Row>
class MemoryTable {
 public:
  using Rows = std::map<Key, Row>;

  void put(const Key& key, const Row& row) {
    const auto [it, inserted] = rows_.try_emplace(key, row);
    if (inserted) {
      undo_.emplace_back(key, std::nullopt);
      return;
    }
    undo_.emplace_back(key, std::move(it->second));
    it->second = row;
  }
  void erase(const Key& key) {
    const auto it = rows_.find(key);
    if (it == rows_.end()) return;
    undo_.emplace_back(key, std::move(it->second));
    rows_.erase(it);
  }
  const Row* find(const Key& key) const {
    const auto it = rows_.find(key);
    return it == rows_.end() ? nullptr : &it->second;
  }
  const Rows& rows() const { return rows_; }

  // A transaction begins. One that commits is kept undoable, or it and all before it are not.
  void mark() { mark_ = undo_.size(); }
  void undo_to_mark() { undo_to(mark_); }
  void keep() { commits_.push_back(mark_); }
  void forget() {
    undo_.clear();
    commits_.clear();
  }
  // Takes the newest commit back that was kept.
  void undo_commit() {
    undo_to(commits_.back());
    commits_.pop_back();
  }

 private:
  void undo_to(std::size_t size) {
    while (undo_.size() > size) {
      auto& [key, old] = undo_.back();
      if (old) {
        rows_.insert_or_assign(key, std::move(*old));
      } else {
        rows_.erase(key);
      }
      undo_.pop_back();
    }
  }

  Rows rows_;
  std::vector<std::pair<Key, std::optional<Row>>> undo_;  // oldest first
  std::size_t mark_ = 0;              // size of undo_ when the open transaction began
  std::vector<std::size_t> commits_;  // the marks of those that were kept
};

// The table of a row, by the primary key that the row's columns give.
template <class Row>
using RowTable = MemoryTable<engine::KeyOf<Row>, Row>;

// Every table; the audit's view of the store.
struct MemoryTables {
  RowTable<engine::ModuleRow> modules;
  RowTable<engine::AssetRow> assets;
  RowTable<engine::AssetPartitionRow> asset_partitions;
  RowTable<engine::RunRow> runs;
  RowTable<engine::RunCountsRow> run_counts;
  RowTable<engine::TaskRow> tasks;
  RowTable<engine::AttemptRow> attempts;
  RowTable<engine::MaterializationRow> materializations;
  RowTable<engine::CheckRow> checks;
  RowTable<engine::ArtifactRow> artifacts;
  RowTable<engine::CursorRow> cursors;
  RowTable<engine::EventRow> events;
  RowTable<engine::WorkerRow> workers;
  RowTable<engine::ReplyRow> replies;
  RowTable<engine::OutboxRow> outbox;
  RowTable<engine::ScheduleRow> schedules;
  RowTable<engine::TickRow> ticks;
  RowTable<engine::FreshnessRow> freshness;
  RowTable<engine::AlertRuleRow> alert_rules;
  RowTable<engine::AlertRow> alerts;
  RowTable<engine::SilenceRow> silences;

  // References to all of them; std::get<RowTable<Row>&> finds one by its row.
  auto all() {
    return std::tie(modules, assets, asset_partitions, runs, run_counts, tasks, attempts,
                    materializations, checks, artifacts, cursors, events, workers, replies, outbox,
                    schedules, ticks, freshness, alert_rules, alerts, silences);
  }
  auto all() const {
    return std::tie(modules, assets, asset_partitions, runs, run_counts, tasks, attempts,
                    materializations, checks, artifacts, cursors, events, workers, replies, outbox,
                    schedules, ticks, freshness, alert_rules, alerts, silences);
  }

  MemoryTable<base::RunId, std::int32_t> run_seq;   // last event of each run
  MemoryTable<std::string, std::int64_t> counters;  // "outbox": highest id ever given

  // Calls `function` with each table in turn.
  template <class Function>
  void each(Function function) {
    std::apply([&](auto&... table) { (function(table), ...); }, all());
    function(run_seq);
    function(counters);
  }
};

class MemoryStore final : public engine::Store {
 public:
  explicit MemoryStore(FaultHooks hooks = {}) : hooks_(std::move(hooks)) {}

  base::Status begin() override;
  base::Result<engine::Facts> load(const engine::Reads& reads) override;
  base::Status write(const engine::Record& record) override;
  base::Status commit(engine::Durability durability) override;
  void rollback() override;
  base::Result<engine::Snapshot> restore() override;

  void set_hooks(FaultHooks hooks) { hooks_ = std::move(hooks); }

  // Ends the open transaction as the death of the process would: what it wrote is gone.
  void crash() { rollback(); }
  // Takes back the commits since the last sync but for the first `survivors`. Needs
  // keep_unsynced(true) from the start.
  void power_cut(std::size_t survivors = 0);
  // As a row that cannot be read: restore() sets the run aside from now on.
  void damage(base::RunId run) { damaged_.insert(run); }
  void repair(base::RunId run) { damaged_.erase(run); }
  const std::set<base::RunId>& damaged() const { return damaged_; }
  // Whether commits stay undoable until the next sync; off by default, it costs memory.
  void keep_unsynced(bool keep) { keep_unsynced_ = keep; }
  std::size_t unsynced() const { return unsynced_; }  // commits that a power cut could take

  // Committed and open rows alike: for audits and comparisons.
  const MemoryTables& tables() const { return tables_; }
  // All rows as record_text, table after table in the order of MemoryTables, by key. Replies
  // included.
  std::string dump() const;

 private:
  template <class Row>
  base::Status put(const Row& row, const engine::Record& record);
  // What SQLite keeps by itself: the last event of a run, the highest id that was ever given.
  void count(const engine::EventRow& row);
  void count(const engine::OutboxRow& row);
  template <class Row>
  void count(const Row&) {}

  void restore_definitions(engine::Snapshot& snapshot) const;
  void restore_runs(engine::Snapshot& snapshot) const;
  void restore_schedules(engine::Snapshot& snapshot) const;

  MemoryTables tables_;
  FaultHooks hooks_;
  bool in_transaction_ = false;
  bool keep_unsynced_ = false;
  std::size_t unsynced_ = 0;
  std::set<base::RunId> damaged_;
};

}  // namespace weir::sdk_impl
