// See compare.h. Runs that the same thing asked for at the same nominal time are told apart by
// their order. Items are compared without the ids that a simulation makes up, and without words
// that name them. Pure.
#include "dryrun/compare.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace weir::dryrun {
namespace {

// Kind, name, instant, and which of those that agree in all of that.
using Key = std::tuple<std::size_t, std::string, WallTime, int>;
using ByKey = std::map<Key, const ForecastItem*>;

Key key_of(const ForecastItem& item) {
  if (const auto* tick = std::get_if<engine::TickRow>(&item.what)) {
    return {0, tick->schedule, tick->nominal, 0};
  }
  if (const auto* run = std::get_if<ForecastRun>(&item.what)) {
    const std::string name = std::string(base::word_of(run->origin.kind)) + " " +
                             run->origin.reference + " " + run->job + " " + run->selection;
    return {1, name, run->origin.nominal.value_or(run->created_at), 0};
  }
  if (const auto* alert = std::get_if<ForecastAlert>(&item.what)) {
    return {3, alert->rule + " " + alert->subject, item.at, 0};
  }
  const auto& change = std::get<FreshnessChange>(item.what);
  return {2, change.asset, item.at, 0};
}

ByKey by_key(const Forecast& forecast) {
  ByKey items;
  for (const ForecastItem& item : forecast.items) {
    Key key = key_of(item);
    while (!items.emplace(key, &item).second) ++std::get<3>(key);
  }
  return items;
}

auto told(const ForecastTask& task) {
  return std::tuple(task.name, task.state, task.attempts, task.started_at, task.finished_at);
}

bool same(const engine::TickRow& a, const engine::TickRow& b) {
  return a.outcome == b.outcome && a.until == b.until && a.evaluated_at == b.evaluated_at;
}
bool same(const ForecastRun& a, const ForecastRun& b) {
  const auto of = [](const ForecastRun& run) {
    return std::tuple(run.state, run.created_at, run.started_at, run.finished_at);
  };
  return of(a) == of(b) &&
         std::equal(a.tasks.begin(), a.tasks.end(), b.tasks.begin(), b.tasks.end(),
                    [](const auto& one, const auto& other) { return told(one) == told(other); });
}
bool same(const FreshnessChange& a, const FreshnessChange& b) {
  return a.from == b.from && a.to == b.to;
}

bool same(const ForecastAlert& a, const ForecastAlert& b) { return a.state == b.state; }

bool same(const ForecastItem& a, const ForecastItem& b) {
  return std::visit(
      [&](const auto& what) { return same(what, std::get<std::decay_t<decltype(what)>>(b.what)); },
      a.what);
}

}  // namespace

std::vector<Difference> compare(const Forecast& before, const Forecast& after) {
  const ByKey old_items = by_key(before), new_items = by_key(after);
  std::vector<Difference> found;
  for (const auto& [key, item] : old_items) {
    const auto there = new_items.find(key);
    if (there == new_items.end()) {
      found.push_back({item->at, item, nullptr});
    } else if (!same(*item, *there->second)) {
      found.push_back({std::min(item->at, there->second->at), item, there->second});
    }
  }
  for (const auto& [key, item] : new_items) {
    if (!old_items.contains(key)) found.push_back({item->at, nullptr, item});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return found;
}

}  // namespace weir::dryrun
