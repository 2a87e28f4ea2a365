// What the engine may ask for between its steps, kept in memory: rows of queued runs, ticks, and
// how long assets and jobs took. It stands where the scheduler has its tables, and keeps nothing
// else of them: an engine's own state is all that a forecast needs. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/effects.h"
#include "engine/store.h"

namespace weir::dryrun {

class FactTable {
 public:
  using History = std::map<std::string, engine::Durations, std::less<>>;

  // Of assets, and of jobs.
  FactTable(const History& history, const History& of_jobs,
            const std::vector<engine::RunRow>& queued);

  engine::Facts load(const engine::Reads& reads) const;
  // What of the step's rows may be asked for later.
  void keep(const engine::Effects& effects);

 private:
  void keep(const engine::RunRow& row);
  void keep(const engine::TickRow& row);

  const History& history_;  // outlives this, as the next
  const History& of_jobs_;
  std::map<base::RunId, engine::RunRow> queued_;
  std::map<std::string, std::map<base::WallTime, engine::TickRow>, std::less<>> ticks_;
};

}  // namespace weir::dryrun
