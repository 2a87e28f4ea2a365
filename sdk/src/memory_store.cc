// Tables in memory: see memory_store.h. The snapshot's order is by key, the same as the SQLite
// store's, so that two stores that hold the same rows restore to equal texts. One thread; reading
// or writing without begin() is a caller's bug and aborts.
#include "sdk/src/memory_store.h"

#include "base/check.h"
#include "base/errors.h"
#include "engine/text/record_text.h"

namespace weir::sdk_impl {

using base::Code;
using base::Status;

namespace {

template <class Key, class Row>
void append_table(std::string& text, const MemoryTable<Key, Row>& table) {
  for (const auto& [key, row] : table.rows()) text += record_text(row) + "\n";
}

template <class Key, class Row>
std::int64_t last_key(const MemoryTable<Key, Row>& table) {
  return table.rows().empty() ? 0 : table.rows().rbegin()->first;
}

// A run by hand, for now, stands between two seconds.
bool by_hand(const engine::TickRow& row) {
  return row.nominal != base::WallTime(std::chrono::floor<std::chrono::seconds>(row.nominal));
}

}  // namespace

Status MemoryStore::begin() {
  CHECK_MSG(!in_transaction_, "begin inside a transaction");
  if (hooks_.on_begin) {
    if (Status status = hooks_.on_begin(); !status.ok()) return status;
  }
  tables_.each([](auto& table) { table.mark(); });
  in_transaction_ = true;
  return {};
}

base::Result<engine::Facts> MemoryStore::load(const engine::Reads& reads) {
  CHECK_MSG(in_transaction_, "load outside a transaction");
  engine::Facts facts;
  for (const std::string& key : reads.replies) {
    if (const engine::ReplyRow* row = tables_.replies.find(key)) facts.replies.emplace(key, *row);
  }
  for (const base::RunId run : reads.runs) {
    if (const engine::RunRow* row = tables_.runs.find(run)) facts.runs.emplace(run, *row);
  }
  for (const base::RunId run : reads.queued) {
    const engine::RunRow* row = tables_.runs.find(run);
    facts.queued[run] = row != nullptr ? std::optional(*row) : std::nullopt;
  }
  for (const engine::Digest& digest : reads.artifacts) {
    const engine::ArtifactRow* row = tables_.artifacts.find(digest);
    if (row != nullptr) facts.artifacts.emplace(digest, *row);
  }
  for (const std::string& asset : reads.durations) {
    auto& durations = facts.durations[asset];
    for (const auto& [id, made] : tables_.materializations.rows()) {
      if (made.of.asset != asset || !made.of.partition.empty()) continue;
      const engine::AttemptRow* attempt = tables_.attempts.find(made.attempt);
      if (attempt == nullptr || !attempt->started_at || !attempt->finished_at) continue;
      if (*attempt->started_at == base::WallTime{}) continue;  // the report did not say
      durations.add(
          std::chrono::ceil<std::chrono::milliseconds>(*attempt->finished_at - *attempt->started_at)
              .count());
    }
  }
  for (const std::string& job : reads.job_durations) {
    auto& durations = facts.job_durations[job];
    for (const auto& [id, run] : tables_.runs.rows()) {
      const bool succeeded = run.job == job && run.state == engine::RunState::kSucceeded &&
                             run.origin.kind != engine::OriginKind::kRetry;
      if (!succeeded || !run.started_at || !run.finished_at) continue;
      durations.add(
          std::chrono::ceil<std::chrono::milliseconds>(*run.finished_at - *run.started_at).count());
    }
  }
  for (const std::int64_t id : reads.materializations) {
    const engine::MaterializationRow* row = tables_.materializations.find(id);
    if (row != nullptr) facts.materializations.emplace(id, *row);
  }
  for (const engine::Reads::Ticks& wanted : reads.ticks) {
    const auto& ticks = tables_.ticks.rows();
    auto& found = facts.ticks[wanted.schedule];
    auto at = ticks.lower_bound({wanted.schedule, wanted.from});
    // The newest before that stands first.
    for (auto before = at; before != ticks.begin();) {
      --before;
      if (before->second.schedule != wanted.schedule) break;
      if (by_hand(before->second)) continue;
      found.push_back(before->second);
      break;
    }
    for (; at != ticks.end() && at->second.schedule == wanted.schedule; ++at) {
      if (at->second.nominal <= wanted.to) found.push_back(at->second);
    }
  }
  return facts;
}

Status MemoryStore::write(const engine::Record& record) {
  CHECK_MSG(in_transaction_, "write outside a transaction");
  if (hooks_.on_write) {
    if (Status status = hooks_.on_write(record); !status.ok()) return status;
  }
  return std::visit([&](const auto& row) { return put(row, record); }, record);
}

Status MemoryStore::commit(engine::Durability durability) {
  CHECK_MSG(in_transaction_, "commit outside a transaction");
  const CommitFault fault = hooks_.on_commit ? hooks_.on_commit(durability) : CommitFault::kNone;
  if (fault == CommitFault::kFailedBefore) {
    rollback();
    return {Code::kUnavailable, base::kErrStore, "the commit failed: injected fault"};
  }
  in_transaction_ = false;
  tables_.each([](auto& table) { table.keep(); });
  ++unsynced_;
  const bool sync = durability == engine::Durability::kSync;
  if (sync && hooks_.on_sync) hooks_.on_sync();
  if ((sync && fault == CommitFault::kNone) || !keep_unsynced_) {
    tables_.each([](auto& table) { table.forget(); });
    unsynced_ = 0;
  }
  if (fault == CommitFault::kFailedAfter) {
    return {Code::kUnavailable, base::kErrStore, "the commit's outcome is unknown: injected fault"};
  }
  return {};
}

void MemoryStore::rollback() {
  if (!in_transaction_) return;
  tables_.each([](auto& table) { table.undo_to_mark(); });
  in_transaction_ = false;
}

void MemoryStore::power_cut(std::size_t survivors) {
  rollback();
  for (; unsynced_ > survivors; --unsynced_) {
    tables_.each([](auto& table) { table.undo_commit(); });
  }
  // What was not lost is on the disk.
  tables_.each([](auto& table) { table.forget(); });
  unsynced_ = 0;
}

base::Result<engine::Snapshot> MemoryStore::restore() {
  CHECK_MSG(!in_transaction_, "restore inside a transaction");
  engine::Snapshot snapshot;
  restore_runs(snapshot);
  restore_definitions(snapshot);
  for (const auto& [key, row] : tables_.cursors.rows()) snapshot.cursors.push_back(row);
  for (const auto& [key, row] : tables_.workers.rows()) snapshot.workers.push_back(row);
  for (const auto& [key, row] : tables_.outbox.rows()) snapshot.outbox.push_back(row);
  restore_schedules(snapshot);
  for (const auto& [name, row] : tables_.alert_rules.rows()) snapshot.alert_rules.push_back(row);
  for (const auto& [id, row] : tables_.silences.rows()) snapshot.silences.push_back(row);
  for (const auto& [id, row] : tables_.alerts.rows()) {
    const bool live =
        row.state == engine::AlertState::kFiring || row.delivery == engine::AlertDelivery::kPending;
    if (live) snapshot.alerts.push_back(row);
  }
  snapshot.last_seq = last_key(tables_.events);
  snapshot.last_materialization = last_key(tables_.materializations);
  if (const std::int64_t* last = tables_.counters.find("outbox")) snapshot.last_outbox = *last;
  return snapshot;
}

void MemoryStore::restore_definitions(engine::Snapshot& snapshot) const {
  std::set<engine::Digest> pinned;
  for (const engine::RunRow& run : snapshot.runs) {
    pinned.insert(run.modules.begin(), run.modules.end());
  }
  for (const auto& [digest, row] : tables_.modules.rows()) {
    if (row.active || pinned.contains(digest)) snapshot.modules.push_back(row);
  }
  for (const auto& [name, row] : tables_.assets.rows()) snapshot.assets.push_back(row);
  for (const auto& [key, row] : tables_.asset_partitions.rows()) {
    snapshot.partitions.push_back(row);
    if (row.materialization == 0) continue;
    const auto* current = tables_.materializations.find(row.materialization);
    if (current != nullptr) snapshot.current.push_back(*current);
  }
}

void MemoryStore::restore_runs(engine::Snapshot& snapshot) const {
  for (const auto& [id, run] : tables_.runs.rows()) {
    snapshot.last_run = id;
    if (engine::terminal(run.state)) continue;
    if (damaged_.contains(id)) {
      snapshot.quarantined.push_back("runs " + id.text() + ": damaged");
      snapshot.set_aside[id] = "it is damaged";
      continue;
    }
    if (run.queued_for != engine::QueueReason::kNone) {
      snapshot.queued.push_back(engine::QueuedRun::of(run, run.queued_for));
      continue;
    }
    snapshot.runs.push_back(run);
    const auto& tasks = tables_.tasks.rows();
    for (auto it = tasks.lower_bound({id, 0}); it != tasks.end() && it->second.run == id; ++it) {
      snapshot.tasks.push_back(it->second);
    }
    const auto& attempts = tables_.attempts.rows();
    for (auto it = attempts.lower_bound({id, 0, 0}); it != attempts.end() && it->first.run == id;
         ++it) {
      if (it->second.outcome == engine::OutcomeClass::kNone) {
        snapshot.attempts.push_back(it->second);
      }
    }
    const std::int32_t* seq = tables_.run_seq.find(id);
    snapshot.run_seq[id] = seq != nullptr ? *seq : 0;
  }
}

void MemoryStore::restore_schedules(engine::Snapshot& snapshot) const {
  for (const auto& [name, row] : tables_.schedules.rows()) snapshot.schedules.push_back(row);
  for (const auto& [asset, row] : tables_.freshness.rows()) snapshot.freshness.push_back(row);
  for (const auto& [key, row] : tables_.ticks.rows()) {
    const engine::ScheduleRow* schedule = tables_.schedules.find(row.schedule);
    if (by_hand(row) || schedule == nullptr) continue;
    snapshot.last_ticks[row.schedule] = row.until.value_or(row.nominal);
    const auto& recorded = schedule->recorded_until;
    if (recorded && row.nominal > *recorded && row.run) {
      snapshot.ahead[row.schedule].push_back(row.nominal);
    }
  }
}

template <class Row>
Status MemoryStore::put(const Row& row, const engine::Record& record) {
  auto& table = std::get<RowTable<Row>&>(tables_.all());
  const auto key = engine::key_of(row);
  if constexpr (engine::Erasable<Row>) {
    if (row.*Row::erased()) {
      table.erase(key);
      return {};
    }
  }
  if (const Row* there = table.find(key)) {
    const bool once = Row::kTable.writes == engine::Writes::kOnce;
    if (once || engine::is_sealed(*there)) return engine::overwrite_refused(record);
  }
  table.put(key, row);
  count(row);
  return {};
}

void MemoryStore::count(const engine::EventRow& row) {
  if (row.run) tables_.run_seq.put(row.run, row.run_seq);
}

void MemoryStore::count(const engine::OutboxRow& row) {
  const std::int64_t* last = tables_.counters.find("outbox");
  if (last == nullptr || *last < row.id) tables_.counters.put("outbox", row.id);
}

std::string MemoryStore::dump() const {
  std::string text;
  std::apply([&](const auto&... table) { (append_table(text, table), ...); }, tables_.all());
  return text;
}

}  // namespace weir::sdk_impl
