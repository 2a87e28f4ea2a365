// What the parts of the engine call of freshness policies, and these of each other, while a step is
// in progress; see engine/step.h. A policy is found by its asset in the state. Part of Engine's
// step: one owner, no I/O.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/freshness/standing.h"
#include "engine/step.h"

namespace weir::engine {

// ---- policies.cc ----
// Null: an age, or its zone is not known.
std::unique_ptr<const calendar::Occurrences> deadlines_of(const module::FreshnessSpec& spec,
                                                          const Zones& zones);
// Whether what a module declares can be; one asset is made by one pipeline, which the registration
// has seen to.
base::Status check_freshness(const State& state, const Manifest& manifest, const Zones& zones);
void declare_freshness(Step& step, const Manifest& manifest);  // the state has its zones
// Says what a registration changes; nothing of a policy that people have set, which stays.
void add_freshness_changes(const State& state, const Manifest& manifest, ModuleChange& change);
void pause_freshness(Step& step, const PauseFreshness& command);
void set_freshness(Step& step, const SetFreshness& command);

// ---- freshness.cc ----
void observe_asset(Step& step, const ObserveAsset& command);
// The asset has a new version, or was found to be as it would be made: at the end of the step its
// policy is looked at.
void asset_renewed(Step& step, const std::string& asset, std::optional<std::int64_t> took_ms);
void fire_freshness(Step& step, const std::string& asset);
// What the assets took was read before the step.
void fire_measure(Step& step);
Duration refresh_backoff(std::int32_t failures);  // before the next try
void freshness_after_run(Step& step, const RunFinished& end);
void review_renewed(Step& step);
// The policy waits for the run, which will make its asset.
void wait_for_run(State& state, FreshnessPolicy& policy, RunId run);
void restore_freshness(State& state, const Snapshot& snapshot, base::Now now);
std::optional<WallTime> last_of(const State& state, const std::string& asset);
Standing standing_of(const State& state, const FreshnessPolicy& policy, WallTime now);

// ---- refresh.cc ----
// What a refresh of the asset would run, and how long that takes.
struct RefreshPlan {
  std::vector<std::string> tasks;       // by name, the asset's own first
  std::vector<std::string> assets;      // that they make
  std::string silent;                   // a source that is too old, which no run can mend
  std::int64_t expected_ms = 0;         // along the longest path
  bool measured = true;                 // false: declared, or a guess
  std::vector<std::string> unmeasured;  // assets whose durations are not read yet
};
struct ScheduledRun {
  std::string schedule;
  WallTime due{};
};
// The first tick up to `latest` whose job makes the asset. Looks at all schedules.
std::optional<ScheduledRun> schedule_before(const State& state, const std::string& asset,
                                            WallTime latest);
RefreshPlan plan_refresh(const State& state, const FreshnessPolicy& policy, WallTime now);
// Starts a run if it is time for one. Else when to look again, none: something will happen before.
std::optional<WallTime> refresh_if_due(Step& step, FreshnessPolicy& policy,
                                       const Standing& standing);
// When a refresh is to begin, so that it has ended by the deadline.
WallTime start_of(const FreshnessPolicy& policy, const Standing& standing, const RefreshPlan& plan);

// ---- explain_freshness.cc ----
void explain_freshness(const Step& step, const std::string& asset, Explanation& out);

}  // namespace weir::engine
