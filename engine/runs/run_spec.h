// What is to be run and why: the request of a person and the decision of a rule have the same
// shape. An origin is data, so that lists can be filtered by it and rules can count their own runs.
// Values only; the names of kinds are stored and shown: they do not change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "base/ids.h"
#include "base/words.h"
#include "engine/rows/columns.h"

namespace weir::engine {

enum class OriginKind {
  kManual,
  kSchedule,
  kFreshness,
  kAutomation,
  kSensor,
  kBackfill,
  kRetry,
};
constexpr base::Words<7> words(OriginKind) {
  return {"manual", "schedule", "freshness", "automation", "sensor", "backfill", "retry"};
}

struct Origin {
  OriginKind kind = OriginKind::kManual;
  std::string
      reference;  // the schedule, asset, sensor or backfill that asked; a retry's parent run
  std::optional<base::WallTime>
      nominal;            // the time that the run is for: of the tick, or a deadline
  std::string partition;  // empty: none
  bool operator==(const Origin&) const = default;

  static constexpr auto columns() {
    return std::tuple(
        column("origin", &Origin::kind), column("origin_reference", &Origin::reference),
        column("nominal_at", &Origin::nominal), column("partition", &Origin::partition));
  }
};

// Why a run waits as a row, unplanned.
enum class QueueReason {
  kNone,           // it does not: it is planned
  kLiveRuns,       // as many runs are live as may be
  kStartTime,      // it is not to start before a given time
  kResidentTasks,  // live runs have as many tasks as may be resident, or would with it
  kOverlap,        // earlier runs of its schedule have not ended
  kDisk,           // the scheduler's disk is full
};
constexpr base::Words<6> words(QueueReason) {
  return {"none", "live_runs", "start_time", "resident_tasks", "overlap", "disk"};
}

// Either `job` or `selection` is set.
struct RunSpec {
  std::string job;
  std::string selection;
  // By parameter name: a JSON object that overrides members.
  std::map<std::string, std::string> params;
  int priority = 0;
  std::string reason;  // in words, for people
  Origin origin;
  std::optional<base::WallTime> start_at;  // not before
};

}  // namespace weir::engine
