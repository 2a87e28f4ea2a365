// What a dry run tells: the ticks, runs and changes of freshness that would come, in the order of
// time, and what they come to. Values only, made by dryrun::simulate() and safe to hand from thread
// to thread. A run that has no end when the forecast ends has none here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "engine/alerts/alert_rows.h"
#include "engine/rows/freshness_rows.h"
#include "engine/rows/schedule_rows.h"
#include "engine/runs/run_spec.h"
#include "engine/states.h"

namespace weir::dryrun {

using base::Duration;
using base::RunId;
using base::WallTime;

struct ForecastTask {
  std::string name;
  engine::TaskState state = engine::TaskState::kWaiting;
  std::int32_t attempts = 0;
  std::optional<WallTime> started_at, finished_at;  // of the latest attempt
  std::string reason;
  bool operator==(const ForecastTask&) const = default;
};

struct ForecastRun {
  RunId id;
  std::string job;        // "pipeline/job", empty for a selection
  std::string selection;  // as it was asked for
  engine::Origin origin;
  engine::RunState state = engine::RunState::kQueued;
  std::string message;  // why it ended as it did
  WallTime created_at{};
  std::optional<WallTime> started_at, finished_at;
  std::vector<ForecastTask> tasks;  // those that came to something, by their index in the run
  bool operator==(const ForecastRun&) const = default;
};

struct FreshnessChange {
  std::string asset;
  engine::FreshnessState from = engine::FreshnessState::kUnknown;
  engine::FreshnessState to = engine::FreshnessState::kUnknown;
  std::string reason;
  bool operator==(const FreshnessChange&) const = default;
};

// A rule finds something, or finds it no more. Nobody is told of it.
struct ForecastAlert {
  std::string rule;
  std::string subject;
  engine::AlertState state = engine::AlertState::kFiring;
  std::string text;
  bool operator==(const ForecastAlert&) const = default;
};

struct ForecastItem {
  WallTime at{};  // when a tick is evaluated, a run begins or waits, a state changes
  std::variant<engine::TickRow, ForecastRun, FreshnessChange, ForecastAlert> what;
};

// How an asset fares over the whole time, by its policy.
struct FreshnessShare {
  std::string asset;
  engine::FreshnessState worst = engine::FreshnessState::kUnknown;
  Duration in_worst{};
};

struct ForecastSummary {
  std::int64_t ticks = 0, requested = 0;
  std::int64_t runs = 0, succeeded = 0, failed = 0, canceled = 0, unfinished = 0;
  std::int64_t alerts = 0;              // that fire, or are told once
  std::optional<WallTime> latest_end;   // of a run
  std::optional<FreshnessShare> worst;  // none: no asset is ever less than fresh
};

struct Forecast {
  WallTime from{}, until{};  // (from, until]
  std::vector<ForecastItem> items;
  ForecastSummary summary;
  std::string cut;                 // why it ends before it should; empty: it does not
  std::vector<std::string> notes;  // what was assumed
};

}  // namespace weir::dryrun
