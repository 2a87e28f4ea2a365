// See recorder.h. The order of what is told at one instant is that of the kinds, then of names and
// ids, so that two forecasts of one world are the same text. Time that an asset spends in a state
// is counted from where the forecast begins. One thread.
#include "dryrun/recorder.h"

#include <algorithm>
#include <utility>

namespace weir::dryrun {
namespace {

using engine::FreshnessState;

// How bad a state is; what nobody can judge is not bad.
int badness(FreshnessState state) {
  switch (state) {
    case FreshnessState::kFail:
      return 2;
    case FreshnessState::kWarn:
      return 1;
    default:
      return 0;
  }
}

WallTime begin_of(const ForecastRun& run) { return run.started_at.value_or(run.created_at); }

bool over(const ForecastRun& run, WallTime by) { return run.finished_at && *run.finished_at <= by; }

}  // namespace

void Recorder::begin_freshness(const std::string& asset, FreshnessState state, WallTime at) {
  standings_[asset] = {state, at, {}};
}

void Recorder::record(const engine::Effects& effects) {
  for (const engine::Record& one : effects.records) {
    std::visit(
        [this](const auto& row) {
          if constexpr (requires { record(row); }) record(row);
        },
        one);
  }
}

void Recorder::record(const engine::TickRow& row) {
  const std::pair key(row.schedule, row.nominal);
  if (row.withdrawn) {
    items_ -= ticks_.erase(key);
    return;
  }
  items_ += ticks_.insert_or_assign(key, row).second ? 1 : 0;
}

void Recorder::record(const engine::RunRow& row) {
  const auto [at, inserted] = runs_.try_emplace(row.id);
  ForecastRun& run = at->second;
  if (inserted) {
    ++items_;
    run.id = row.id;
    run.job = row.job;
    run.selection = row.selection;
    run.origin = row.origin;
    run.created_at = row.created_at;
  }
  run.state = row.state;
  run.message = row.message;
  run.started_at = row.started_at;
  run.finished_at = row.finished_at;
}

void Recorder::record(const engine::TaskRow& row) {
  ForecastTask& task = tasks_[row.run][row.index];
  task.name = row.name;
  task.state = row.state;
  task.attempts = row.epoch;
  task.started_at = row.started_at;
  task.finished_at = row.finished_at;
  task.reason = row.reason;
}

void Recorder::record(const engine::EventRow& row) {
  if (row.kind != engine::EventKind::kFreshnessChanged) return;
  const auto to = base::parse_word<FreshnessState>(row.state);
  if (!to) return;
  Standing& standing = standings_[row.subject];
  changes_.push_back({row.at, FreshnessChange{row.subject, standing.state, *to, row.message}});
  ++items_;
  if (standing.since == WallTime{}) standing.since = row.at;  // its policy begins now
  standing.spent[standing.state] += row.at - standing.since;
  standing.state = *to;
  standing.since = row.at;
}

void Recorder::record(const engine::FreshnessRow& row) {
  if (row.deleted) {
    standings_.erase(row.asset);
  } else {
    standings_.try_emplace(row.asset, Standing{row.state, row.since, {}});
  }
}

void Recorder::record(const engine::AlertRow& row) {
  const auto [known, fresh] = alerts_.try_emplace(row.id, row.state);
  if (!fresh && std::exchange(known->second, row.state) == row.state) return;
  const bool over = row.state == engine::AlertState::kResolved;
  const WallTime at = over ? row.resolved_at.value_or(row.last) : row.since;
  changes_.push_back({at, ForecastAlert{row.rule, row.subject, row.state, row.text}});
  ++items_;
}

void Recorder::forget_past() {
  std::erase_if(ticks_,
                [&](const auto& tick) { return tick.second.evaluated_at <= forecast_.from; });
  std::erase_if(runs_, [&](const auto& run) { return over(run.second, forecast_.from); });
  std::erase_if(tasks_, [&](const auto& tasks) { return !runs_.contains(tasks.first); });
  changes_.clear();
  for (auto& [asset, standing] : standings_) {
    standing.spent.clear();
    standing.since = forecast_.from;
  }
  items_ = ticks_.size() + runs_.size();
}

ForecastSummary Recorder::summary() const {
  using engine::RunState;
  ForecastSummary sum;
  sum.ticks = std::ssize(ticks_);
  for (const auto& [key, tick] : ticks_) {
    sum.requested += tick.outcome == engine::TickOutcome::kRequested ? 1 : 0;
  }
  sum.runs = std::ssize(runs_);
  for (const auto& [id, run] : runs_) {
    sum.succeeded += run.state == RunState::kSucceeded ? 1 : 0;
    sum.failed += run.state == RunState::kFailed ? 1 : 0;
    sum.canceled += run.state == RunState::kCanceled ? 1 : 0;
    sum.unfinished += terminal(run.state) ? 0 : 1;
    if (!run.finished_at) continue;
    sum.latest_end = std::max(sum.latest_end.value_or(*run.finished_at), *run.finished_at);
  }
  for (const ForecastItem& change : changes_) {
    const auto* alert = std::get_if<ForecastAlert>(&change.what);
    sum.alerts += alert != nullptr && alert->state != engine::AlertState::kResolved ? 1 : 0;
  }
  for (const auto& [asset, standing] : standings_) {
    for (const auto& [state, spent] : standing.spent) {
      if (badness(state) == 0 || spent <= Duration::zero()) continue;
      const FreshnessShare share{asset, state, spent};
      const bool worse =
          !sum.worst || std::pair(badness(state), spent) >
                            std::pair(badness(sum.worst->worst), sum.worst->in_worst);
      if (worse) sum.worst = share;
    }
  }
  return sum;
}

void Recorder::collect_freshness(WallTime until) {
  for (auto& [asset, standing] : standings_) {
    standing.spent[standing.state] += std::max(until - standing.since, Duration::zero());
  }
}

Forecast Recorder::finish(WallTime until) {
  forecast_.until = std::max(until, forecast_.from);
  collect_freshness(forecast_.until);
  forecast_.summary = summary();
  for (auto& [key, tick] : ticks_) forecast_.items.push_back({tick.evaluated_at, std::move(tick)});
  for (auto& [id, run] : runs_) {
    for (auto& [index, task] : tasks_[id]) run.tasks.push_back(std::move(task));
    forecast_.items.push_back({begin_of(run), std::move(run)});
  }
  for (ForecastItem& change : changes_) forecast_.items.push_back(std::move(change));
  std::stable_sort(forecast_.items.begin(), forecast_.items.end(),
                   [](const auto& a, const auto& b) {
                     return std::pair(a.at, a.what.index()) < std::pair(b.at, b.what.index());
                   });
  return std::move(forecast_);
}

}  // namespace weir::dryrun
