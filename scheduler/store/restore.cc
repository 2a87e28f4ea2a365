// The snapshot, table by table: see restore.h. One read transaction, so that it is of one moment,
// on the write connection and its thread. A run is taken whole or not at all: one bad task or a
// missing module sets the run aside. Writes nothing, so what is set aside stays in the tables.
#include "scheduler/store/restore.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/plan/run_plan.h"
#include "module/manifest.h"
#include "scheduler/store/row_codec.h"

namespace weir::store {

using base::Result;
using base::RunId;
using base::Status;
using engine::Snapshot;

namespace {

class SnapshotReader {
 public:
  explicit SnapshotReader(Connection& connection) : connection_(connection) {}

  Status read();
  Snapshot take() { return std::move(snapshot_); }

 private:
  // Calls `take(row)` for every decodable row of the query; the others go to quarantine under their
  // table and the text of their first two columns. `bad` is called with the statement of an
  // undecodable row.
  template <class Row, class Take, class Bad, class... Args>
  Status each(std::string_view where, Take take, Bad bad, const Args&... args);
  // Prepared once: there may be ten thousand live runs.
  Result<Statement*> prepared(const std::string& sql);
  void quarantine(std::string_view table, std::string_view key, std::string_view why) {
    snapshot_.quarantined.push_back(std::string(table) + " " + std::string(key) + ": " +
                                    std::string(why));
  }

  Status read_runs();
  Status read_run(const engine::RunRow& run);
  Status read_modules();
  void set_aside(RunId run, std::string_view why);
  void quarantine_runs_without_modules();
  void quarantine_runs_without_stages();
  void quarantine_runs_without_workers();
  Status read_assets();
  void quarantine_modules_without_assets();
  void settle_on_one_module_a_pipeline();
  Status read_partitions();
  Status read_current(engine::AssetPartitionRow& partition);
  Status read_small_tables();
  Status read_schedules();
  Status read_alerts();
  // Times that have their run already, and come after those that have not.
  Status read_ahead(const engine::ScheduleRow& schedule);
  Status read_counters();

  Connection& connection_;
  Snapshot snapshot_;
  std::map<std::string, Statement> statements_;               // by their text
  std::map<engine::Digest, std::vector<std::string>> makes_;  // assets of the modules
  std::map<engine::Digest, std::int32_t> stages_;             // how many the modules have
};

constexpr auto kIgnoreBad = [](const Statement&) {};

Result<Statement*> SnapshotReader::prepared(const std::string& sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return &known->second;
  Result<Statement> statement = connection_.prepare(sql);
  if (!statement.ok()) return statement.status();
  return &statements_.emplace(sql, std::move(statement).value()).first->second;
}

template <class Row, class Take, class Bad, class... Args>
Status SnapshotReader::each(std::string_view where, Take take, Bad bad, const Args&... args) {
  const Result<Statement*> found = prepared(select_rows<Row>(where));
  if (!found.ok()) return found.status();
  Statement* statement = *found;
  statement->query(args...);
  while (true) {
    Result<bool> more = statement->next();
    if (!more.ok()) return more.status();
    if (!*more) return {};
    Row row;
    const Status decoded = decode(*statement, row);
    if (decoded.ok()) {
      take(std::move(row));
      continue;
    }
    const std::string key = std::string(statement->text(0)) + " " + std::string(statement->text(1));
    quarantine(Row::kTable.name, key, decoded.message());
    bad(*statement);
  }
}

Status SnapshotReader::read() {
  if (Status status = read_runs(); !status.ok()) return status;
  if (Status status = read_modules(); !status.ok()) return status;
  if (Status status = read_assets(); !status.ok()) return status;
  quarantine_modules_without_assets();
  quarantine_runs_without_modules();
  quarantine_runs_without_stages();
  settle_on_one_module_a_pipeline();
  if (Status status = read_small_tables(); !status.ok()) return status;
  quarantine_runs_without_workers();
  return read_counters();
}

Status SnapshotReader::read_runs() {
  std::vector<engine::RunRow> runs;
  // Through the index of these: history is never scanned. A state that is no known word is no
  // terminal one, so such a run is named here.
  Status status = each<engine::RunRow>(
      live_runs_condition(),
      [&](engine::RunRow row) {
        if (row.queued_for == engine::QueueReason::kNone) return runs.push_back(std::move(row));
        snapshot_.queued.push_back(engine::QueuedRun::of(row, row.queued_for));
      },
      [&](const Statement& bad) {
        if (const auto id = RunId::parse(bad.text(0)))
          snapshot_.set_aside[*id] = "its row cannot be read";
      });
  for (const engine::RunRow& run : runs) {
    if (!status.ok()) break;
    status = read_run(run);
  }
  return status;
}

Status SnapshotReader::read_run(const engine::RunRow& run) {
  const std::string id = run.id.text();
  bool whole = true;
  const auto broken = [&](const Statement&) { whole = false; };
  std::vector<engine::TaskRow> tasks;
  Status status = each<engine::TaskRow>(
      "WHERE run_id=? ORDER BY task",
      [&](engine::TaskRow row) {
        whole = whole && row.index >= 0 && row.index < run.task_count;
        tasks.push_back(std::move(row));
      },
      broken, id);
  if (!status.ok()) return status;
  std::vector<engine::AttemptRow> attempts;
  status = each<engine::AttemptRow>(
      "WHERE run_id=? AND outcome='none' ORDER BY task, epoch",
      [&](engine::AttemptRow row) { attempts.push_back(std::move(row)); }, broken, id);
  if (!status.ok()) return status;
  const auto plan = engine::RunPlan::of(run);
  const bool planned = plan.ok() && !plan->empty();
  if (!whole || !plan.ok() || (!planned && std::ssize(tasks) != run.task_count)) {
    set_aside(run.id, "its " + std::to_string(run.task_count) + " tasks cannot all be read");
    return {};
  }
  const Result<Statement*> last =
      prepared("SELECT run_seq FROM events WHERE run_id=? ORDER BY seq DESC LIMIT 1");
  if (!last.ok()) return last.status();
  (*last)->query(id);
  Result<bool> found = (*last)->next();
  if (!found.ok()) return found.status();
  snapshot_.run_seq[run.id] = *found ? static_cast<std::int32_t>((*last)->int64(0)) : 0;
  (*last)->reset();
  snapshot_.runs.push_back(run);
  std::move(tasks.begin(), tasks.end(), std::back_inserter(snapshot_.tasks));
  std::move(attempts.begin(), attempts.end(), std::back_inserter(snapshot_.attempts));
  return {};
}

Status SnapshotReader::read_modules() {
  std::set<engine::Digest> pinned;
  for (const engine::RunRow& run : snapshot_.runs) {
    pinned.insert(run.modules.begin(), run.modules.end());
  }
  std::set<engine::Digest> active;
  const auto keep = [&](engine::ModuleRow row) {
    const auto json = base::Json::parse(row.manifest);
    const auto manifest = json.ok() ? module::manifest_from_json(*json) : json.status();
    if (!manifest.ok()) {
      return quarantine("modules", row.pipeline + " " + row.digest.hex(),
                        "its manifest cannot be read: " + manifest.status().message());
    }
    active.insert(row.digest);
    stages_[row.digest] = static_cast<std::int32_t>(manifest->stages.size());
    for (const auto& stage : manifest->stages) {
      for (const auto& output : stage.outputs) makes_[row.digest].push_back(output.asset);
    }
    snapshot_.modules.push_back(std::move(row));
  };
  Status status = each<engine::ModuleRow>("WHERE active=1", keep, kIgnoreBad);
  if (!status.ok()) return status;
  for (const engine::Digest& digest : pinned) {
    if (active.contains(digest)) continue;
    status = each<engine::ModuleRow>("WHERE digest=?", keep, kIgnoreBad, digest);
    if (!status.ok()) return status;
  }
  std::sort(snapshot_.modules.begin(), snapshot_.modules.end(),
            [](const auto& a, const auto& b) { return a.digest < b.digest; });
  return {};
}

void SnapshotReader::set_aside(RunId run, std::string_view why) {
  quarantine("runs", run.text(), std::string(why) + "; the run is set aside as it is");
  snapshot_.set_aside[run] = why;
  std::erase_if(snapshot_.runs, [&](const auto& row) { return row.id == run; });
  std::erase_if(snapshot_.tasks, [&](const auto& row) { return row.run == run; });
  std::erase_if(snapshot_.attempts, [&](const auto& row) { return row.key.run == run; });
  snapshot_.run_seq.erase(run);
}

void SnapshotReader::quarantine_runs_without_modules() {
  std::set<engine::Digest> known;
  for (const engine::ModuleRow& module : snapshot_.modules) known.insert(module.digest);
  std::map<RunId, std::string> broken;
  for (const engine::RunRow& run : snapshot_.runs) {
    for (const engine::Digest& digest : run.modules) {
      if (known.contains(digest)) continue;
      broken.emplace(run.id, "its module " + digest.hex() + " cannot be read");
    }
  }
  for (const auto& [run, why] : broken) set_aside(run, why);
}

// A row that says more than the manifest has is as damaged as one that cannot be decoded.
void SnapshotReader::quarantine_runs_without_stages() {
  std::map<RunId, std::vector<std::int32_t>> stages;  // by the run's modules
  std::set<RunId> broken;
  for (const engine::RunRow& run : snapshot_.runs) {
    auto& counts = stages[run.id];
    for (const engine::Digest& digest : run.modules) counts.push_back(stages_.at(digest));
    const auto plan = engine::RunPlan::of(run);
    if (!plan.ok() || !plan->fits(counts)) broken.insert(run.id);
  }
  for (const engine::TaskRow& task : snapshot_.tasks) {
    const auto& counts = stages.at(task.run);
    const bool known = task.module >= 0 && task.module < std::ssize(counts) && task.stage >= 0 &&
                       task.stage < counts[static_cast<std::size_t>(task.module)];
    if (!known) broken.insert(task.run);
  }
  for (const RunId run : broken) set_aside(run, "it names a stage that its module does not have");
}

// What a module makes it has written the rows of when it was registered, and the engine relies on
// them. Registered again, it writes the missing one anew.
void SnapshotReader::quarantine_modules_without_assets() {
  std::set<std::string_view> known;
  for (const engine::AssetRow& asset : snapshot_.assets) known.insert(asset.name);
  std::erase_if(snapshot_.modules, [&](const engine::ModuleRow& module) {
    for (const std::string& asset : makes_[module.digest]) {
      if (known.contains(asset)) continue;
      quarantine("modules", module.pipeline + " " + module.digest.hex(),
                 "its asset " + asset + " cannot be read; register the module again");
      return true;
    }
    return false;
  });
}

// One that was set aside is still marked as active when its successor is registered.
void SnapshotReader::settle_on_one_module_a_pipeline() {
  std::map<std::string_view, engine::ModuleRow*> newest;
  for (engine::ModuleRow& module : snapshot_.modules) {
    if (!module.active) continue;
    engine::ModuleRow*& best = newest.try_emplace(module.pipeline, &module).first->second;
    if (best == &module) continue;
    engine::ModuleRow* older = best->registered_at <= module.registered_at ? best : &module;
    older->active = false;
    if (older == best) best = &module;
  }
}

void SnapshotReader::quarantine_runs_without_workers() {
  std::set<std::string> known;
  for (const engine::WorkerRow& worker : snapshot_.workers) known.insert(worker.id);
  std::map<RunId, std::string> broken;
  for (const engine::AttemptRow& attempt : snapshot_.attempts) {
    if (known.contains(attempt.worker)) continue;
    broken.emplace(attempt.key.run, "its worker " + attempt.worker + " cannot be read");
  }
  for (const auto& [run, why] : broken) set_aside(run, why);
}

Status SnapshotReader::read_assets() {
  Status status = each<engine::AssetRow>(
      "ORDER BY name", [&](engine::AssetRow row) { snapshot_.assets.push_back(std::move(row)); },
      kIgnoreBad);
  return status.ok() ? read_partitions() : status;
}

// One that cannot be read counts as never materialized, alone: what needs a version of it is
// refused or waits for one by the ordinary rules, and the next one makes the row good.
Status SnapshotReader::read_partitions() {
  Status status = each<engine::AssetPartitionRow>(
      "ORDER BY asset, partition",
      [&](engine::AssetPartitionRow row) { snapshot_.partitions.push_back(std::move(row)); },
      kIgnoreBad);
  for (engine::AssetPartitionRow& partition : snapshot_.partitions) {
    if (!status.ok()) return status;
    if (partition.materialization != 0) status = read_current(partition);
  }
  return status;
}

Status SnapshotReader::read_current(engine::AssetPartitionRow& partition) {
  bool found = false;
  Status status = each<engine::MaterializationRow>(
      "WHERE id=?",
      [&](engine::MaterializationRow row) {
        found = row.of == partition.key;
        if (found) snapshot_.current.push_back(std::move(row));
      },
      kIgnoreBad, partition.materialization);
  if (status.ok() && !found) {
    quarantine("asset_partitions", partition.key.asset + " " + partition.key.partition,
               "its current version " + std::to_string(partition.materialization) +
                   " cannot be read; it counts as never materialized until it is computed again");
    partition.materialization = 0;
  }
  return status;
}

Status SnapshotReader::read_small_tables() {
  Status status = each<engine::CursorRow>(
      "ORDER BY stage, partition",
      [&](engine::CursorRow row) { snapshot_.cursors.push_back(std::move(row)); }, kIgnoreBad);
  if (!status.ok()) return status;
  status = each<engine::WorkerRow>(
      "ORDER BY id", [&](engine::WorkerRow row) { snapshot_.workers.push_back(std::move(row)); },
      kIgnoreBad);
  if (!status.ok()) return status;
  status = read_schedules();
  if (!status.ok()) return status;
  status = read_alerts();
  if (!status.ok()) return status;
  // A policy that cannot be read says and starts nothing; registered again, it is written anew.
  status = each<engine::FreshnessRow>(
      "ORDER BY asset",
      [&](engine::FreshnessRow row) { snapshot_.freshness.push_back(std::move(row)); }, kIgnoreBad);
  if (!status.ok()) return status;
  return each<engine::OutboxRow>(
      "ORDER BY id", [&](engine::OutboxRow row) { snapshot_.outbox.push_back(std::move(row)); },
      kIgnoreBad);
}

// One that cannot be read does not fire, and its runs are of no schedule that is known. Of its
// ticks only the newest is looked for: runs by hand stand between two seconds.
Status SnapshotReader::read_schedules() {
  Status status = each<engine::ScheduleRow>(
      "ORDER BY name",
      [&](engine::ScheduleRow row) { snapshot_.schedules.push_back(std::move(row)); }, kIgnoreBad);
  if (!status.ok()) return status;
  const Result<Statement*> newest = prepared(
      "SELECT coalesce(until, nominal) FROM ticks WHERE schedule=? AND nominal % 1000000 = 0 "
      "ORDER BY nominal DESC LIMIT 1");
  if (!newest.ok()) return newest.status();
  for (const engine::ScheduleRow& schedule : snapshot_.schedules) {
    (*newest)->query(schedule.name);
    Result<bool> found = (*newest)->next();
    if (!found.ok()) return found.status();
    if (*found) {
      snapshot_.last_ticks[schedule.name] = base::WallTime(base::Duration((*newest)->int64(0)));
    }
    (*newest)->reset();
    if (!schedule.recorded_until) continue;
    if (status = read_ahead(schedule); !status.ok()) return status;
  }
  return {};
}

// What cannot be read finds and sends nothing.
Status SnapshotReader::read_alerts() {
  Status status = each<engine::AlertRuleRow>(
      "ORDER BY name",
      [&](engine::AlertRuleRow row) { snapshot_.alert_rules.push_back(std::move(row)); },
      kIgnoreBad);
  if (!status.ok()) return status;
  status = each<engine::SilenceRow>(
      "ORDER BY id", [&](engine::SilenceRow row) { snapshot_.silences.push_back(std::move(row)); },
      kIgnoreBad);
  if (!status.ok()) return status;
  return each<engine::AlertRow>(
      "INDEXED BY alerts_live WHERE state='firing' OR delivery='pending' ORDER BY id",
      [&](engine::AlertRow row) { snapshot_.alerts.push_back(std::move(row)); }, kIgnoreBad);
}

Status SnapshotReader::read_ahead(const engine::ScheduleRow& schedule) {
  const Result<Statement*> later = prepared(
      "SELECT nominal FROM ticks WHERE schedule=? AND nominal>? AND run_id IS NOT NULL "
      "AND nominal % 1000000 = 0 ORDER BY nominal");
  if (!later.ok()) return later.status();
  (*later)->query(schedule.name, *schedule.recorded_until);
  auto& ahead = snapshot_.ahead[schedule.name];
  while (true) {
    Result<bool> more = (*later)->next();
    if (!more.ok()) return more.status();
    if (!*more) return {};
    ahead.emplace_back(base::Duration((*later)->int64(0)));
  }
}

Status SnapshotReader::read_counters() {
  const Result<Statement*> newest = prepared("SELECT run_id FROM runs ORDER BY run_id DESC");
  if (!newest.ok()) return newest.status();
  (*newest)->query();
  // An id that is none is quarantined where its run is read.
  for (bool looking = true; looking;) {
    Result<bool> more = (*newest)->next();
    if (!more.ok()) return more.status();
    const auto id = *more ? RunId::parse((*newest)->text(0)) : std::nullopt;
    if (id) snapshot_.last_run = *id;
    looking = *more && !id;
  }
  (*newest)->reset();
  const std::pair<std::int64_t*, std::string_view> counters[] = {
      {&snapshot_.last_seq, "SELECT COALESCE(MAX(seq), 0) FROM events"},
      {&snapshot_.last_materialization, "SELECT COALESCE(MAX(id), 0) FROM materializations"},
      {&snapshot_.last_outbox, "SELECT seq FROM sqlite_sequence WHERE name='outbox'"},
  };
  for (const auto& [counter, sql] : counters) {
    Result<std::int64_t> value = connection_.int64(sql);
    if (!value.ok()) return value.status();
    *counter = *value;
  }
  return {};
}

}  // namespace

std::string live_runs_condition() {
  return "INDEXED BY live_runs WHERE state NOT IN (" + terminal_words<engine::RunState>() +
         ") ORDER BY run_id";
}

Result<Snapshot> read_snapshot(Connection& connection) {
  if (Status status = connection.exec("BEGIN"); !status.ok()) return status;
  SnapshotReader reader(connection);
  Status status = reader.read();
  const Status ended = connection.exec("COMMIT");
  if (status.ok()) status = ended;
  if (!status.ok()) return status;
  return reader.take();
}

}  // namespace weir::store
