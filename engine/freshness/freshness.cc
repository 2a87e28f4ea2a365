// Freshness policies, looked at whenever something may have changed, which is when a version comes,
// when a run ends, and at the instant that the standing itself names: nothing is polled. Also what
// people tell of assets from outside. Part of Engine's step.
#include <algorithm>
#include <set>
#include <utility>

#include "base/errors.h"
#include "base/names.h"
#include "engine/freshness/freshness_step.h"
#include "engine/schedules/occurrences.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;
using std::chrono::minutes;

// After so many failures in a row the pauses between refreshes have grown to the longest.
constexpr Duration kBackoffMin = minutes(1);
constexpr Duration kBackoffMax = minutes(60);

void arm(State& state, FreshnessPolicy& policy, std::optional<WallTime> at) {
  policy.wake = at;
  if (at) state.timers.push({*at, TimerKind::kFreshness, policy.row.asset, {}});
}

std::string why_of(FreshnessState state, std::optional<WallTime> last) {
  if (state == FreshnessState::kNotApplicable) return "no registered pipeline makes it";
  return last ? "it was last made or verified at " + utc_text(*last) : "it was never made";
}

void enter_state(Step& step, FreshnessPolicy& policy, FreshnessState next) {
  if (policy.row.state == next) return;
  const FreshnessState before = std::exchange(policy.row.state, next);
  policy.row.state_since = step.now.wall;
  emit(step, FreshnessChanged{policy.row.asset, before, next,
                              why_of(next, last_of(step.state, policy.row.asset))});
  write(step, policy.row);
}

void review(Step& step, FreshnessPolicy& policy) {
  const Standing standing = standing_of(step.state, policy, step.now.wall);
  enter_state(step, policy, policy.made ? standing.state : FreshnessState::kNotApplicable);
  std::optional<WallTime> wake;
  const auto planned = std::exchange(policy.row.refresh_at, {});
  if (policy.made) {
    wake = standing.next_change;
    if (const auto look = refresh_if_due(step, policy, standing)) {
      wake = wake ? std::min(*wake, *look) : *look;
    }
  }
  if (policy.row.refresh_at != planned) write(step, policy.row);
  arm(step.state, policy, wake);
}

Status check_observed(const Step& step, const ObserveAsset& command) {
  const auto asset = step.state.assets.find(command.asset);
  if (asset != step.state.assets.end() && !asset->second.retired) {
    return {Code::kFailedPrecondition, base::kErrFreshness,
            "'" + command.asset + "' is made by pipeline '" + asset->second.pipeline +
                "': its versions are its runs'; only assets that no pipeline makes are observed"};
  }
  if (command.at && *command.at > step.now.wall) {
    return {Code::kInvalidArgument, base::kErrFreshness,
            utc_text(*command.at) + " has not come yet: an observation is of the past"};
  }
  std::vector<std::string> known;
  for (const auto& [pipeline, module] : step.state.catalog->modules) {
    for (const auto& external : module->manifest->externals) known.push_back(external.asset);
  }
  if (std::find(known.begin(), known.end(), command.asset) != known.end()) return {};
  return {Code::kNotFound, base::kErrUnknownAsset,
          "no registered pipeline reads an asset '" + command.asset + "' from outside." +
              base::did_you_mean(command.asset, known)};
}

}  // namespace

Duration refresh_backoff(std::int32_t failures) {
  Duration pause = kBackoffMin;
  for (std::int32_t i = 1; i < failures && pause < kBackoffMax; ++i) pause *= 2;
  return std::min(pause, kBackoffMax);
}

std::optional<WallTime> last_of(const State& state, const std::string& asset) {
  const auto found = state.partitions.find(AssetPartitionView(asset, ""));
  if (found == state.partitions.end()) return std::nullopt;
  const PartitionState& partition = found->second;
  std::optional<WallTime> last = partition.verified_at;
  if (partition.current.materialization != 0) {
    last = std::max(last.value_or(WallTime::min()), partition.current.at);
  }
  return last;
}

Standing standing_of(const State& state, const FreshnessPolicy& policy, WallTime now) {
  return standing_of(policy.row.spec, policy.deadlines.get(), policy.row.since,
                     last_of(state, policy.row.asset), now);
}

void observe_asset(Step& step, const ObserveAsset& command) {
  if (answered_before(step, command.request)) return;
  if (Status status = check_observed(step, command); !status.ok()) {
    return reply(step, command.request, std::move(status));
  }
  const WallTime at = command.at.value_or(step.now.wall);
  auto& entry = partition_entry(step.state, AssetPartitionView(command.asset, ""));
  // What was observed later stays: reports may come in any order.
  if (entry.second.verified_at.value_or(WallTime::min()) <= at) {
    entry.second.verified_at = at;
    entry.second.observed = command.version;
    write(step, partition_row(entry));
    emit(step, AssetObserved{command.asset, command.version, at, who(command.by)});
    for (const auto& [asset, policy] : step.state.freshness) step.renewed.insert(asset);
  }
  reply(step, command.request, {}, ChangedNames{{command.asset}});
}

void asset_renewed(Step& step, const std::string& asset, std::optional<std::int64_t> took_ms) {
  const auto known = step.state.durations.find(asset);
  if (known != step.state.durations.end() && took_ms) known->second.add(*took_ms);
  const auto found = step.state.freshness.find(asset);
  if (found == step.state.freshness.end()) return;
  FreshnessRow& row = found->second.row;
  if (row.failures != 0 || row.retry_at) {
    row.failures = 0;
    row.retry_at.reset();
    write(step, row);
  }
  step.renewed.insert(asset);
}

void fire_freshness(Step& step, const std::string& asset) {
  const auto found = step.state.freshness.find(asset);
  if (found == step.state.freshness.end()) return;
  const auto& wake = found->second.wake;
  if (wake && *wake <= step.now.wall) review(step, found->second);
}

void fire_measure(Step& step) {
  State& state = step.state;
  state.measure_timer = false;
  for (const auto& [measured, durations] : step.facts.durations) {
    state.unmeasured.erase(measured);
    state.durations.emplace(measured, durations);
  }
  step.renewed.merge(std::exchange(state.measured_for, {}));
}

void freshness_after_run(Step& step, const RunFinished& end) {
  const auto [first, last] = step.state.refreshes.equal_range(end.of.run);
  std::vector<std::string> assets;
  for (auto at = first; at != last; ++at) assets.push_back(at->second);
  step.state.refreshes.erase(first, last);
  for (const std::string& asset : assets) {
    const auto found = step.state.freshness.find(asset);
    if (found == step.state.freshness.end()) continue;
    FreshnessPolicy& policy = found->second;
    policy.refresh = {};
    step.renewed.insert(asset);
    const auto made = step.state.partitions.find(AssetPartitionView(asset, ""));
    const bool kept = made != step.state.partitions.end() &&
                      made->second.settled_by >= end.of.run && made->second.missed.empty();
    if (kept) continue;
    policy.row.failures += 1;
    policy.row.retry_at = step.now.wall + refresh_backoff(policy.row.failures);
    write(step, policy.row);
  }
}

void wait_for_run(State& state, FreshnessPolicy& policy, RunId run) {
  if (policy.refresh == run) return;
  policy.refresh = run;
  state.refreshes.emplace(run, policy.row.asset);
}

void review_renewed(Step& step) {
  for (const std::string& asset : std::exchange(step.renewed, {})) {
    const auto found = step.state.freshness.find(asset);
    if (found != step.state.freshness.end()) review(step, found->second);
  }
}

void restore_freshness(State& state, const Snapshot& snapshot, base::Now now) {
  for (const FreshnessRow& row : snapshot.freshness) {
    FreshnessPolicy& policy = state.freshness[row.asset];
    policy.row = row;
    policy.deadlines = deadlines_of(row.spec, state.zones);
    const auto asset = state.assets.find(row.asset);
    policy.made = asset != state.assets.end() && !asset->second.retired;
    arm(state, policy, now.wall);
  }
  const auto waits = [&](const std::string& asset_name, RunId run) {
    const auto found = state.freshness.find(asset_name);
    if (found != state.freshness.end()) wait_for_run(state, found->second, run);
  };
  for (const auto& [id, queued] : state.queue.runs()) {
    if (queued.origin.kind == OriginKind::kFreshness) waits(queued.origin.reference, id);
  }
  for (const auto& [id, run] : state.runs) {
    if (run.row.origin.kind != OriginKind::kFreshness) continue;
    for (const Task& task : run.tasks) {
      for (const auto& output : task.spec->outputs) waits(output.asset, id);
    }
  }
}

}  // namespace weir::engine
