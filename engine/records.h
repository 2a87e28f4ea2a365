// The rows that the engine writes: each is the whole state of one entity, so applying a row twice
// is harmless and the tables alone restore the engine. A row lists its columns once, in columns(),
// from which everything that stores, shows or compares it is derived. Stored rows are not API
// messages. Values only; those of runs stand here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "engine/alerts/alert_rows.h"
#include "engine/rows/data_rows.h"
#include "engine/rows/freshness_rows.h"
#include "engine/rows/progress.h"
#include "engine/rows/schedule_rows.h"
#include "engine/rows/system_rows.h"
#include "engine/runs/run_spec.h"

namespace weir::engine {

struct RunRow {
  RunId id;
  RunState state = RunState::kQueued;
  std::string job;        // "pipeline/job", empty for a selection
  std::string selection;  // as asked for
  std::string params;     // JSON object: stage parameters by name
  std::string reason;     // who or what asked for it
  std::string message;    // why it ended as it did
  int priority = 0;
  Origin origin;
  QueueReason queued_for = QueueReason::kNone;  // what it waits for before it is planned
  std::optional<WallTime> start_at;             // not before
  std::vector<Digest> modules;                  // pinned
  std::vector<AssetVersion> pins;
  std::int32_t task_count = 0;
  WallTime created_at{};
  std::optional<WallTime> started_at, finished_at;
  std::int64_t first_order = 0;  // TaskRow::ready_order of the first task that was ready at once
  std::string plan;              // what tasks without a row are, see RunPlan

  static constexpr Table kTable{"runs"};
  static constexpr auto columns() {
    return std::tuple(
        primary("run_id", &RunRow::id), sealing("state", &RunRow::state),
        column("job", &RunRow::job), column("selection", &RunRow::selection),
        column("params", &RunRow::params), column("reason", &RunRow::reason),
        column("message", &RunRow::message), column("priority", &RunRow::priority),
        column("modules", &RunRow::modules), column("pins", &RunRow::pins),
        column("task_count", &RunRow::task_count), column("created_at", &RunRow::created_at),
        column("started_at", &RunRow::started_at), column("finished_at", &RunRow::finished_at),
        column("first_order", &RunRow::first_order), column("plan", &RunRow::plan),
        nested(&RunRow::origin), column("queued_for", &RunRow::queued_for),
        column("start_at", &RunRow::start_at));
  }
};

// How many of a run's tasks are in each state, in the order of TaskState.
struct RunCountsRow {
  RunId run;
  std::int32_t waiting = 0, ready = 0, assigned = 0, running = 0, up_for_retry = 0;
  std::int32_t succeeded = 0, failed = 0, skipped = 0, upstream_failed = 0;
  std::int32_t canceled = 0, cached = 0;

  std::array<std::int32_t, kTaskStates> by_state() const {
    return {waiting, ready,   assigned,        running,  up_for_retry, succeeded,
            failed,  skipped, upstream_failed, canceled, cached};
  }

  static constexpr Table kTable{"run_counts"};
  static constexpr auto columns() {
    using Row = RunCountsRow;
    return std::tuple(primary("run_id", &Row::run), column("waiting", &Row::waiting),
                      column("ready", &Row::ready), column("assigned", &Row::assigned),
                      column("running", &Row::running), column("up_for_retry", &Row::up_for_retry),
                      column("succeeded", &Row::succeeded), column("failed", &Row::failed),
                      column("skipped", &Row::skipped),
                      column("upstream_failed", &Row::upstream_failed),
                      column("canceled", &Row::canceled), column("cached", &Row::cached));
  }
};

// A task that has changed since its run began; the others are as RunRow::plan says.
struct TaskRow {
  RunId run;
  std::int32_t index = 0;
  std::string name;
  std::int32_t module = 0;  // index into RunRow::modules
  std::int32_t stage = 0;   // index into that module's stages
  TaskState state = TaskState::kWaiting;
  std::int32_t epoch = 0;                       // of the latest lease
  std::int32_t author_budget_used = 0;          // of the author's budget
  std::int32_t infrastructure_budget_used = 0;  // of the infrastructure budget
  std::int32_t executor_deaths = 0;
  std::string reason;                  // why it waits or ended so
  std::optional<WallTime> not_before;  // of up_for_retry
  std::optional<WallTime> ready_at;
  std::optional<WallTime> started_at;  // of the latest attempt
  std::optional<WallTime> finished_at;
  std::vector<OutputRef> outputs;  // of a success
  std::int64_t ready_order = 0;    // of ready: its age, smaller was ready earlier
  std::string partition;           // that it writes

  static constexpr Table kTable{"tasks"};
  static constexpr auto columns() {
    return std::tuple(
        primary("run_id", &TaskRow::run), primary("task", &TaskRow::index),
        column("name", &TaskRow::name), column("module", &TaskRow::module),
        column("stage", &TaskRow::stage), sealing("state", &TaskRow::state),
        column("epoch", &TaskRow::epoch),
        column("author_budget_used", &TaskRow::author_budget_used),
        column("infrastructure_budget_used", &TaskRow::infrastructure_budget_used),
        column("executor_deaths", &TaskRow::executor_deaths), column("reason", &TaskRow::reason),
        column("not_before", &TaskRow::not_before), column("ready_at", &TaskRow::ready_at),
        column("started_at", &TaskRow::started_at), column("finished_at", &TaskRow::finished_at),
        column("outputs", &TaskRow::outputs), column("ready_order", &TaskRow::ready_order),
        column("partition", &TaskRow::partition));
  }
};

struct AttemptRow {
  AttemptKey key;
  std::string worker;
  OutcomeClass outcome = OutcomeClass::kNone;
  std::string message;   // the error, as the author's code gave it
  std::string detail;    // stack, exit code, signal: JSON object
  std::string metadata;  // JSON object, as the stage gave it
  WallTime leased_at{};
  std::optional<WallTime> started_at, finished_at;
  Progress progress;                    // as the stage said last
  std::optional<WallTime> progress_at;  // when that came in; none: it said nothing

  static constexpr Table kTable{"attempts"};
  static constexpr auto columns() {
    return std::tuple(
        primary_nested(&AttemptRow::key), column("worker", &AttemptRow::worker),
        sealing("outcome", &AttemptRow::outcome), column("message", &AttemptRow::message),
        column("detail", &AttemptRow::detail), column("metadata", &AttemptRow::metadata),
        column("leased_at", &AttemptRow::leased_at), column("started_at", &AttemptRow::started_at),
        column("finished_at", &AttemptRow::finished_at), nested(&AttemptRow::progress),
        column("progress_at", &AttemptRow::progress_at));
  }
};

struct EventRow {
  std::int64_t seq = 0;      // global commit order, from 1, gapless
  RunId run;                 // 0 for events of no run
  std::int32_t run_seq = 0;  // within the run, from 1, gapless
  WallTime at{};
  EventKind kind = EventKind::kRunCreated;
  std::string subject;  // task, asset, module or worker name
  std::int32_t task = -1;
  std::int32_t epoch = 0;
  std::string state;  // the state entered, or the outcome class
  std::string message;
  std::string partition;  // of the asset that the event is about

  static constexpr Table kTable{"events", Writes::kOnce};
  static constexpr auto columns() {
    return std::tuple(primary("seq", &EventRow::seq), nullable("run_id", &EventRow::run),
                      column("run_seq", &EventRow::run_seq), column("at", &EventRow::at),
                      column("kind", &EventRow::kind), column("subject", &EventRow::subject),
                      column("task", &EventRow::task), column("epoch", &EventRow::epoch),
                      column("state", &EventRow::state), column("message", &EventRow::message),
                      column("partition", &EventRow::partition));
  }
};

using Record = std::variant<ModuleRow, AssetRow, AssetPartitionRow, RunRow, RunCountsRow, TaskRow,
                            AttemptRow, MaterializationRow, CheckRow, ArtifactRow, CursorRow,
                            EventRow, WorkerRow, ReplyRow, OutboxRow, ScheduleRow, TickRow,
                            FreshnessRow, AlertRuleRow, AlertRow, SilenceRow>;

template <class... Rows>
consteval bool list_every_member(const std::variant<Rows...>*) {
  return (lists_every_member<Rows>() && ...);
}
static_assert(list_every_member(static_cast<const Record*>(nullptr)),
              "a row has a member that its columns() does not list");

}  // namespace weir::engine
