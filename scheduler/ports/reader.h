// The tables as the API edge sees them: pages of committed rows, as an interface over engine types,
// so that rpc and store never include each other. Every implementation is safe to call from any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/records.h"
#include "engine/runs/durations.h"
#include "engine/store.h"

namespace weir::ports {

inline constexpr int kPageSizeMax = 5000;

// Key-set pages: `after` is the opaque token of the last row of the page before, empty for the
// first.
struct PageRequest {
  int size = 50;
  std::string after;
};
template <class Row>
struct Page {
  std::vector<Row> rows;
  std::string next;  // empty: this was the last page
};

struct RunFilter {
  std::string job;
  std::optional<engine::RunState> state;
  std::optional<base::WallTime> since;
  std::optional<engine::OriginKind> origin = {};
  std::string reference = {};  // of the origin, in full
};

struct ScheduleFilter {
  std::string pipeline = {};
  std::string job = {};             // its name may be short
  std::optional<bool> paused = {};  // whether they are
  bool retired = false;             // those too that no module declares any more
};

struct TickFilter {
  std::optional<engine::TickOutcome> outcome = {};
  std::optional<base::WallTime> since = {};  // nominal times from then on
};

struct AlertFilter {
  std::string rule;
  bool firing = false;                  // those alone
  bool undelivered = false;             // those alone whose newest message was given up
  std::optional<base::WallTime> since;  // whose newest event was from then on
};

struct FreshnessFilter {
  std::optional<engine::FreshnessState> state = {};
  std::string pipeline = {};  // that makes the asset
};

struct RunWithCounts {
  engine::RunRow run;
  std::vector<std::int32_t> counts;  // by engine::TaskState
};

// Committed rows, read on a bounded pool of read-only connections. Absent rows are NOT_FOUND; a bad
// page token is INVALID_ARGUMENT.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual base::Result<Page<RunWithCounts>> list_runs(const RunFilter& filter,
                                                      const PageRequest& page) = 0;
  virtual base::Result<RunWithCounts> get_run(base::RunId run) = 0;
  // A full id, a unique prefix, "@last" or "@last-failed". NOT_FOUND, or INVALID_ARGUMENT when
  // ambiguous.
  virtual base::Result<base::RunId> resolve_run(std::string_view reference) = 0;
  virtual base::Result<Page<engine::TaskRow>> list_tasks(base::RunId run,
                                                         std::optional<engine::TaskState> state,
                                                         const std::string& name,
                                                         const PageRequest& page) = 0;
  virtual base::Result<Page<engine::AttemptRow>> list_attempts(base::RunId run,
                                                               std::optional<std::int32_t> task,
                                                               const PageRequest& page) = 0;
  virtual base::Result<std::vector<engine::CheckRow>> list_checks(
      const base::AttemptKey& attempt) = 0;
  virtual base::Result<Page<engine::AssetRow>> list_assets(const std::string& pipeline,
                                                           const PageRequest& page) = 0;
  virtual base::Result<engine::AssetRow> get_asset(const std::string& name) = 0;
  virtual base::Result<engine::MaterializationRow> get_materialization(std::int64_t id) = 0;
  // The current version. NOT_FOUND when there is none.
  virtual base::Result<engine::MaterializationRow> get_current(
      const engine::AssetPartition& of) = 0;
  // What is known of it beside its version. NOT_FOUND when nothing is.
  virtual base::Result<engine::AssetPartitionRow> get_partition(
      const engine::AssetPartition& of) = 0;
  virtual base::Result<Page<engine::MaterializationRow>> list_materializations(
      const engine::AssetPartition& of, const PageRequest& page) = 0;
  virtual base::Result<Page<engine::ModuleRow>> list_modules(const PageRequest& page) = 0;
  virtual base::Result<engine::ModuleRow> get_module(const base::Digest& digest) = 0;
  virtual base::Result<std::vector<engine::ModuleRow>> active_modules() = 0;
  virtual base::Result<Page<engine::WorkerRow>> list_workers(const PageRequest& page) = 0;
  virtual base::Result<std::int32_t> count_leases(const std::string& worker) = 0;
  // In the order of their names.
  virtual base::Result<Page<engine::ScheduleRow>> list_schedules(const ScheduleFilter& filter,
                                                                 const PageRequest& page) = 0;
  // By its name, which may be short: of those that have it, one that is not retired is meant.
  // NOT_FOUND names the nearest, INVALID_ARGUMENT when several are meant.
  virtual base::Result<engine::ScheduleRow> get_schedule(const std::string& name) = 0;
  // All that an engine is rebuilt from, of one moment; without zones. As large as what is live.
  virtual base::Result<engine::Snapshot> snapshot() = 0;
  // By asset: what the last attempts that made it took. Those without one are left out.
  virtual base::Result<std::map<std::string, engine::Durations>> durations(
      const std::vector<std::string>& assets) = 0;
  // By job: what its last successes took, as above.
  virtual base::Result<std::map<std::string, engine::Durations>> job_durations(
      const std::vector<std::string>& jobs) = 0;
  // By the full name of the schedule, which need not exist any more; newest first.
  virtual base::Result<Page<engine::TickRow>> list_ticks(const std::string& schedule,
                                                         const TickFilter& filter,
                                                         const PageRequest& page) = 0;
  // In the order of their names.
  virtual base::Result<Page<engine::AlertRuleRow>> list_alert_rules(const PageRequest& page) = 0;
  // NOT_FOUND names the nearest that there is.
  virtual base::Result<engine::AlertRuleRow> get_alert_rule(const std::string& name) = 0;
  // In the order in which they began.
  virtual base::Result<Page<engine::SilenceRow>> list_silences(const PageRequest& page) = 0;
  // Newest first.
  virtual base::Result<Page<engine::AlertRow>> list_alerts(const AlertFilter& filter,
                                                           const PageRequest& page) = 0;
  virtual base::Result<engine::AlertRow> get_alert(std::int64_t id) = 0;
  // Alerts with an event from then on whose newest message was given up.
  virtual base::Result<std::int64_t> count_undelivered(base::WallTime since) = 0;
  // In the order of their assets.
  virtual base::Result<Page<engine::FreshnessRow>> list_freshness(const FreshnessFilter& filter,
                                                                  const PageRequest& page) = 0;
  // Of an asset. NOT_FOUND names the nearest that has one.
  virtual base::Result<engine::FreshnessRow> get_freshness(const std::string& asset) = 0;
  // Events with seq > since, of one run if given, oldest first.
  virtual base::Result<std::vector<engine::EventRow>> list_events(std::int64_t since,
                                                                  std::optional<base::RunId> run,
                                                                  int limit) = 0;
  virtual base::Result<std::int64_t> last_seq() = 0;
  // Inline bytes; a null pointer means that the artifact is a file. NOT_FOUND when it is unknown.
  virtual base::Result<engine::ArtifactRow> get_artifact(const base::Digest& digest) = 0;
};

}  // namespace weir::ports
