// Makes the forecast of the rows that the engine writes: each row is the whole state of one entity,
// so the last that came is what is told. Remembers nothing of what ended before the forecast
// begins. One thread.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "dryrun/forecast.h"
#include "engine/effects.h"

namespace weir::dryrun {

class Recorder {
 public:
  Recorder(WallTime from, WallTime until) { forecast_.from = from, forecast_.until = until; }

  // How an asset stands when the simulation begins.
  void begin_freshness(const std::string& asset, engine::FreshnessState state, WallTime at);
  // An alert that fires when the simulation begins.
  void begin_alert(const engine::AlertRow& row) { alerts_[row.id] = row.state; }
  // A run that is there before the simulation begins.
  void begin_run(const engine::RunRow& row) { record(row); }
  void record(const engine::Effects& effects);
  std::size_t size() const { return items_; }
  // Drops what is over by now: the forecast begins here.
  void forget_past();

  // `until`: up to where it came.
  Forecast finish(WallTime until);

 private:
  struct Standing {
    engine::FreshnessState state = engine::FreshnessState::kUnknown;
    WallTime since{};
    std::map<engine::FreshnessState, Duration> spent;
  };
  using Ticks = std::map<std::pair<std::string, WallTime>, engine::TickRow>;

  void record(const engine::TickRow& row);
  void record(const engine::RunRow& row);
  void record(const engine::TaskRow& row);
  void record(const engine::EventRow& row);
  void record(const engine::FreshnessRow& row);
  void record(const engine::AlertRow& row);
  ForecastSummary summary() const;
  void collect_freshness(WallTime until);

  Forecast forecast_;
  Ticks ticks_;
  std::map<RunId, ForecastRun> runs_;
  std::map<RunId, std::map<std::int32_t, ForecastTask>> tasks_;
  std::vector<ForecastItem> changes_;  // of freshness and alerts
  std::map<std::int64_t, engine::AlertState> alerts_;
  std::map<std::string, Standing> standings_;
  std::size_t items_ = 0;
};

}  // namespace weir::dryrun
