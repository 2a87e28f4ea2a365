// Where rows go and come back from. One writer: begin, then any mix of load and write, then commit
// or roll back; all of it from the loop thread. Implementations: SQLite (scheduler/store) and
// memory (sdk/src).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/commands.h"
#include "engine/effects.h"
#include "engine/records.h"
#include "engine/runs/durations.h"
#include "engine/runs/run_queue.h"

namespace weir::engine {

// Names of what is not resident and must be loaded before the step.
struct Reads {
  // Ticks of a schedule. Rows that cannot be decoded are left out.
  struct Ticks {
    std::string schedule;
    WallTime from{}, to{};  // the nominal time or the stretch; and the newest of a
                            // nominal time before that, no run by hand
  };
  std::vector<std::string> replies;  // idempotency keys
  std::vector<RunId> runs;           // that may have finished
  std::vector<RunId> queued;         // whose turn it is
  std::vector<Digest> artifacts;     // whether the artifact store holds them durably
  std::vector<Ticks> ticks = {};
  std::vector<std::string> durations = {};  // assets: what the last attempts that made them took
  std::vector<std::string> job_durations = {};      // jobs: what their last successes took
  std::vector<std::int64_t> materializations = {};  // by id
  bool empty() const {
    return replies.empty() && runs.empty() && queued.empty() && artifacts.empty() &&
           ticks.empty() && durations.empty() && job_durations.empty() && materializations.empty();
  }
};

// What was found. A key that is absent was looked for and does not exist.
struct Facts {
  std::map<std::string, ReplyRow> replies;
  std::map<RunId, RunRow> runs;
  std::map<RunId, std::optional<RunRow>> queued;  // as asked for; none: it cannot be read
  std::map<Digest, ArtifactRow> artifacts;
  std::map<std::string, std::vector<TickRow>, std::less<>> ticks = {};  // by schedule, as asked for
  std::map<std::string, Durations, std::less<>> durations = {};         // by asset, as asked for
  std::map<std::string, Durations, std::less<>> job_durations = {};     // by job, as asked for
  std::map<std::int64_t, MaterializationRow> materializations = {};
};

// What an engine is rebuilt from: definitions, current versions, live runs with their tasks and
// live attempts.
struct Snapshot {
  std::vector<ModuleRow> modules;  // active ones and those that live runs pin
  std::vector<AssetRow> assets;
  std::vector<AssetPartitionRow> partitions;
  std::vector<MaterializationRow> current;  // by AssetPartitionRow::materialization
  std::vector<CursorRow> cursors;
  std::vector<RunRow> runs;          // planned and not terminal
  std::vector<QueuedRun> queued;     // not planned
  std::vector<TaskRow> tasks;        // all tasks of those runs
  std::vector<AttemptRow> attempts;  // without an outcome
  std::vector<WorkerRow> workers;
  std::vector<ScheduleRow> schedules;
  std::vector<FreshnessRow> freshness;
  std::map<std::string, WallTime> last_ticks;  // by schedule: up to when it has ticks of its cron
  // By schedule: later times than ScheduleRow::recorded_until that have a run, in order.
  std::map<std::string, std::vector<WallTime>> ahead;
  Zones zones;  // that the schedules name and that can be read
  std::vector<AlertRuleRow> alert_rules;
  std::vector<AlertRow> alerts;  // that fire, or whose message is pending
  std::vector<SilenceRow> silences;
  std::vector<OutboxRow> outbox;          // not delivered
  std::map<RunId, std::int32_t> run_seq;  // last event of each live run
  RunId last_run;                         // the largest id
  std::int64_t last_seq = 0;
  std::int64_t last_materialization = 0;
  std::int64_t last_outbox = 0;
  std::vector<std::string> quarantined;    // rows that could not be decoded: "table key: why"
  std::map<RunId, std::string> set_aside;  // live runs among them, or that need them, and why
};

class Store {
 public:
  virtual ~Store() = default;

  // Opens the write transaction. UNAVAILABLE when the store cannot be written now.
  virtual base::Status begin() = 0;
  // Opens a transaction that will be committed as kLazy; a store whose commits differ in kind needs
  // to know early.
  virtual base::Status begin_lazy() { return begin(); }
  // Reads on the write connection, inside the transaction: sees what was written before in it.
  virtual base::Result<Facts> load(const Reads& reads) = 0;
  virtual base::Status write(const Record& record) = 0;
  // kSync returns only once the rows would survive a power cut. After a failure the outcome is
  // uncertain: the transaction is closed, and the caller reloads with restore().
  virtual base::Status commit(Durability durability) = 0;
  virtual void rollback() = 0;

  virtual base::Result<Snapshot> restore() = 0;
};

}  // namespace weir::engine
