// The engine's resident state: definitions, current versions, live runs, workers, the ready queue
// and the deadlines. States are variants that carry their own data. Everything that must survive a
// restart is also in the tables; the rest (sessions, queues, deadlines, counters of parents) is
// derived. Owned by Engine, touched by its steps only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "engine/alerts/alert_state.h"
#include "engine/deadlines.h"
#include "engine/engine.h"
#include "engine/freshness/policy.h"
#include "engine/plan/catalog.h"
#include "engine/plan/links.h"
#include "engine/plan/trigger_rule.h"
#include "engine/queues/waiting.h"
#include "engine/runs/run_queue.h"
#include "engine/schedules/schedule.h"

namespace weir::engine {

// No retry waits longer, whatever the author asks for or the wall clock says after a restart.
inline constexpr Duration kRetryDelayMax = std::chrono::hours(24);

// ---- definitions ----

// The version that readers get now.
struct CurrentVersion {
  std::int64_t materialization = 0;  // 0: never materialized
  ValueRef value;
  RunId run;
  WallTime at{};
  Digest basis;  // as in the row
};

struct PartitionState {
  CurrentVersion current;
  RunId settled_by;                     // as in the row
  std::string missed;                   // as in the row
  std::optional<WallTime> verified_at;  // as in the row
  std::string observed;                 // as in the row
};
using Partitions = std::map<AssetPartition, PartitionState, PartitionOrder>;

// ---- runs ----

// A try that has no outcome yet.
struct LiveAttempt {
  std::string worker;
  WallTime leased_at{};
  std::optional<WallTime> started_at;
  Progress progress;
  std::optional<WallTime> progress_at;
};

struct Waiting {};
struct Ready {
  std::int64_t order = 0;  // age: smaller was ready earlier
  // Its lease expired; the worker may still come back with it.
  std::unique_ptr<LiveAttempt> adoptable;
  // What it waits for; in the ready queue: what it was woken for. Null: nothing.
  std::unique_ptr<const Blocker> blocker;
  bool parked = false;  // waits for the blocker, and is not in the ready queue
};
struct Leased {
  std::unique_ptr<LiveAttempt> attempt;  // never null
  base::BootTime leased_boot{};
  std::optional<base::BootTime> stop_deadline;  // asked to stop; fenced at this instant
  bool revoking = false;
  bool sent_again = false;  // because its worker came back without it
};
struct UpForRetry {
  base::BootTime due{};
  WallTime not_before{};
};
struct Ended {
  TaskState state = TaskState::kSucceeded;
};
using Phase = std::variant<Waiting, Ready, Leased, UpForRetry, Ended>;

// One of a hundred thousand: what a waiting task does not need is on the heap, and what all runs of
// one plan have in common is held once.
struct Task {
  const module::StageSpec* spec = nullptr;  // owned by the run's module
  std::int32_t module = 0;
  std::int32_t stage = 0;
  Phase phase;
  std::int32_t epoch = 0;
  std::int32_t author_budget_used = 0;
  std::int32_t infrastructure_budget_used = 0;
  std::int32_t executor_deaths = 0;
  std::int32_t priority = 0;
  bool decides = true;  // a leaf whose end decides the run's
  std::string reason;
  std::optional<WallTime> ready_at, started_at, finished_at;
  std::vector<OutputRef> outputs;
  std::span<const std::int32_t> parent_sets;  // in Run::parent_sets, by rule
  std::span<const std::int32_t> counted_in;   // in Run::parent_sets, as a parent
  std::span<const InputSource> inputs;        // in Links, by dependency
};
static_assert(sizeof(Task) <= 240, "a run may have a hundred thousand of them");

struct Run {
  RunRow row;
  std::vector<std::shared_ptr<Module>> modules;
  std::vector<Task> tasks;
  std::vector<ParentCounts> parent_sets;  // of its tasks, each once
  std::shared_ptr<const Links> links;
  std::int32_t unfinished = 0;                     // tasks without an end
  std::array<std::int32_t, kTaskStates> counts{};  // of the tasks, by TaskState
  std::int32_t run_seq = 0;                        // of its latest event
};

// ---- workers ----

struct Worker {
  WorkerRow row;
  SessionId session;  // 0: not connected
  std::int32_t prefetch = 0;
  // It leaves, or gave work back that nobody asked for: nothing more until a heartbeat says
  // otherwise.
  bool holds_back = false;
  std::set<Digest> cannot_load;  // modules, seen in this session: others are preferred for them
  bool seen = false;             // connected since the scheduler began, and not lost since
  base::BootTime lease_until{};  // the term of all its leases
  bool lease_timer = false;      // a deadline for lease_until is in the heap
  bool prefetch_timer = false;
  bool forget_timer = false;
  std::optional<std::int32_t> room;  // its free slots, as they stand in State::room
  std::set<AttemptKey> leases;
  double mean_us = 0;  // moving average of how long an attempt runs; 0: not known
};

// ---- all of it ----

struct State {
  Options options;
  std::map<Digest, std::shared_ptr<Module>> modules;
  std::map<std::string, Digest, std::less<>> active;                     // pipeline -> module
  std::shared_ptr<const Catalog> catalog = std::make_shared<Catalog>();  // of the active ones
  std::map<std::string, AssetRow, std::less<>> assets;
  Partitions partitions;  // those with a row
  // The one live writer of each, from its first lease to its end.
  std::unordered_map<AssetPartition, TaskRef, PartitionHash, PartitionEqual> writers;
  std::map<StagePartition, CursorRow> cursors;
  std::map<RunId, Run> runs;                           // planned and not terminal
  std::map<Digest, std::weak_ptr<const Links>> links;  // of those runs, by plan
  std::int64_t resident_tasks = 0;                     // of those runs
  RunQueue queue;                                      // runs that are not planned yet
  std::map<RunId, std::string> set_aside;  // live, but their rows cannot be read, and why
  RunId last_run;                          // the largest id that was ever given
  bool admission_timer = false;            // a deadline to look into the queue is in the heap
  bool disk_full = false;                  // as it was last told
  std::map<std::string, Schedule, std::less<>> schedules;         // by "pipeline/name"
  std::map<std::string, FreshnessPolicy, std::less<>> freshness;  // by asset
  std::multimap<RunId, std::string> refreshes;  // assets of policies, by the run that they wait for
  std::map<std::string, Durations, std::less<>> durations;  // by asset, of those that were read
  std::set<std::string> measured_for;                       // assets of policies that wait for that
  std::set<std::string> unmeasured;                         // whose durations the next step reads
  Zones zones;                                              // that they name
  // Without an end, of schedules that were deleted: for those that are made under their names.
  std::map<std::string, std::vector<RunId>, std::less<>> runs_of_deleted;
  std::map<RunId, Withdrawal> withdrawn;  // queued runs that are to end
  bool withdrawal_timer = false, measure_timer = false, rebase_timer = false;
  bool rebase = false;                // schedules are ahead of the clock, which was set back
  WallTime downtime_until{};          // times up to here passed while nobody looked
  std::optional<base::Now> last_now;  // of the step before
  Alerts alerts;
  std::map<std::string, Worker> workers;
  std::unordered_map<SessionId, std::string> sessions;
  ReadyQueues ready;                 // for a worker
  std::map<Blocker, Parked> parked;  // for what must be free before that
  std::set<Room> room;
  std::set<std::string> overfull;  // workers with more leases than slots
  std::map<std::int64_t, OutboxRow> outbox;
  Timers timers;
  std::int64_t last_seq = 0, last_materialization = 0, last_outbox = 0, last_order = 0;
};

}  // namespace weir::engine
