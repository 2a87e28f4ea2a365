// See explain_currency.h. The causes of the asset itself come from the row of its version, which
// was read before the step; what stands above it is judged by what memory holds, and no further
// than a bound. Part of Engine's step.
#include "engine/versions/explain_currency.h"

#include <set>
#include <vector>

#include "engine/explain/teller.h"
#include "engine/step.h"
#include "engine/versions/basis.h"

namespace weir::engine {
namespace {

constexpr std::size_t kAboveLookedAtMax = 1'000;
constexpr std::size_t kAboveNamedMax = 10;

// Stale assets that it depends on, the nearest first.
std::vector<std::string> stale_above(const State& state, const std::string& asset) {
  const StageGraph& graph = state.catalog->whole();
  std::vector<std::string> stale;
  const auto own = graph.by_asset.find(asset);
  if (own == graph.by_asset.end()) return stale;
  std::vector<std::int32_t> order{own->second};
  std::set<std::int32_t> seen{own->second};
  for (std::size_t i = 0; i < order.size() && order.size() < kAboveLookedAtMax; ++i) {
    for (const std::int32_t parent : graph.graph[std::size_t(order[i])].parents) {
      if (!seen.insert(parent).second) continue;
      order.push_back(parent);
      for (const auto& output : graph.stages[std::size_t(parent)].spec().outputs) {
        if (currency_of(state, output.asset) == Currency::kStale) stale.push_back(output.asset);
      }
    }
  }
  return stale;
}

}  // namespace

void explain_currency(const Step& step, const std::string& asset, Explanation& out) {
  const State& state = step.state;
  const Currency currency = currency_of(state, asset);
  if (currency == Currency::kUnknown) return;
  Teller teller(asset, out);
  if (currency == Currency::kStale) {
    const auto row = step.facts.materializations.find(
        current_version(state, AssetPartitionView(asset, "")).materialization);
    if (row == step.facts.materializations.end()) return;
    for (const StaleCause& cause : stale_causes(state, row->second)) {
      teller.say(ExplainKind::kStale, {std::string(base::word_of(cause.kind)), cause.subject},
                 cause.text, {{"since", cause.since ? us_of(*cause.since) : 0}});
    }
  }
  std::vector<std::string> above = stale_above(state, asset);
  if (above.empty() && currency == Currency::kUpToDate) {
    return teller.say(ExplainKind::kUpToDate, {}, "");
  }
  if (above.empty()) return;
  const auto count = std::ssize(above);
  if (above.size() > kAboveNamedMax) above.resize(kAboveNamedMax);
  std::string names;
  for (const std::string& name : above) names += (names.empty() ? "" : ", ") + name;
  if (count > std::ssize(above)) names += ", …";
  teller.say(ExplainKind::kStaleAbove, above, names, {{"assets", count}});
}

}  // namespace weir::engine
