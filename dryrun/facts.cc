// See facts.h. A run's row is dropped when it is planned: from then on the engine holds it. Replies
// and artifacts are never asked for, because no command of a dry run has a key and every value
// comes with its bytes. One thread.
#include "dryrun/facts.h"

#include <iterator>
#include <optional>

namespace weir::dryrun {

FactTable::FactTable(const History& history, const History& of_jobs,
                     const std::vector<engine::RunRow>& queued)
    : history_(history), of_jobs_(of_jobs) {
  for (const engine::RunRow& row : queued) queued_.emplace(row.id, row);
}

engine::Facts FactTable::load(const engine::Reads& reads) const {
  engine::Facts facts;
  for (const base::RunId run : reads.queued) {
    const auto found = queued_.find(run);
    facts.queued[run] = found == queued_.end() ? std::nullopt : std::optional(found->second);
  }
  for (const std::string& asset : reads.durations) {
    const auto found = history_.find(asset);
    facts.durations[asset] = found == history_.end() ? engine::Durations{} : found->second;
  }
  for (const std::string& job : reads.job_durations) {
    const auto found = of_jobs_.find(job);
    facts.job_durations[job] = found == of_jobs_.end() ? engine::Durations{} : found->second;
  }
  for (const engine::Reads::Ticks& wanted : reads.ticks) {
    auto& found = facts.ticks[wanted.schedule];
    const auto of_schedule = ticks_.find(wanted.schedule);
    if (of_schedule == ticks_.end()) continue;
    const auto& ticks = of_schedule->second;
    auto at = ticks.lower_bound(wanted.from);
    if (at != ticks.begin()) --at;  // the newest before that
    for (; at != ticks.end() && at->first <= wanted.to; ++at) found.push_back(at->second);
  }
  return facts;
}

void FactTable::keep(const engine::Effects& effects) {
  for (const engine::Record& record : effects.records) {
    if (const auto* run = std::get_if<engine::RunRow>(&record)) keep(*run);
    if (const auto* tick = std::get_if<engine::TickRow>(&record)) keep(*tick);
  }
}

void FactTable::keep(const engine::RunRow& row) {
  const bool waits = !terminal(row.state) && row.queued_for != engine::QueueReason::kNone;
  if (waits) {
    queued_.insert_or_assign(row.id, row);
  } else {
    queued_.erase(row.id);
  }
}

void FactTable::keep(const engine::TickRow& row) {
  auto& ticks = ticks_[row.schedule];
  if (row.withdrawn) {
    ticks.erase(row.nominal);
  } else {
    ticks.insert_or_assign(row.nominal, row);
  }
}

}  // namespace weir::dryrun
