// What a seed is about: see profile.h. Draws the rates of faults, the workers and the pipelines;
// the same seed and variant always give the same pipelines. Pure but for the generator it draws
// from; the order of the draws is part of what a seed means.
#include "tests/simulation/profile.h"

#include <algorithm>

#include "tests/simulation/freshness/freshness_world.h"
#include "tests/simulation/schedules/schedule_world.h"

namespace weir::simulation {
namespace {

using module::DependencyKind;
using module::Manifest;
using module::StageSpec;
using module::TriggerRule;
using std::chrono::seconds;

constexpr int kRules = int(TriggerRule::kAlways) + 1;

// Adds up to three parents among the earlier stages of the pipeline, one rule each or shared.
void add_parents(Rng& rng, Manifest& manifest, StageSpec& stage) {
  const auto earlier = std::ssize(manifest.stages);
  const std::int64_t count = rng.between(0, std::min<std::int64_t>(3, earlier));
  for (std::int64_t i = 0; i < count; ++i) {
    const StageSpec& parent = manifest.stages[std::size_t(rng.below(earlier))];
    if (i == 0 || rng.chance(0.4)) {
      const auto rule =
          rng.chance(0.55) ? TriggerRule::kAllSuccess : TriggerRule(rng.below(kRules));
      stage.rules.push_back(rule);
    }
    const int rule = int(stage.rules.size()) - 1;
    const bool after = parent.outputs.empty() || rng.chance(0.2);
    if (after) {
      stage.dependencies.push_back({DependencyKind::kAfter, parent.name, "", rule, false});
    } else {
      const auto& output = parent.outputs[std::size_t(rng.below(std::ssize(parent.outputs)))];
      stage.dependencies.push_back(
          {DependencyKind::kAsset, output.asset, output.type, rule, rng.chance(0.4)});
    }
  }
}

void add_other_inputs(Rng& rng, Manifest& manifest, StageSpec& stage) {
  if (stage.rules.empty()) stage.rules.push_back(TriggerRule::kAllSuccess);
  if (!manifest.externals.empty() && rng.chance(0.5)) {
    const auto& external = rng.pick(manifest.externals);
    const auto kind = rng.chance(0.3) ? DependencyKind::kLastGood : DependencyKind::kAsset;
    stage.dependencies.push_back({kind, external.asset, external.type, 0, rng.chance(0.7)});
  }
  if (!manifest.stages.empty() && rng.chance(0.15)) {
    const auto& other = rng.pick(manifest.stages);
    if (!other.outputs.empty()) {
      const auto& output = other.outputs.front();
      stage.dependencies.push_back({DependencyKind::kLastGood, output.asset, output.type, 0, true});
    }
  }
  if (!stage.outputs.empty() && rng.chance(0.15)) {
    stage.dependencies.push_back({DependencyKind::kSelfPrevious, "", "", 0, true});
  }
  if (rng.chance(0.15)) stage.dependencies.push_back({DependencyKind::kCursor, "", "", 0, false});
}

StageSpec make_stage(Rng& rng, Manifest& manifest, int index, int variant) {
  StageSpec stage;
  stage.rules.clear();
  stage.name = manifest.pipeline + "_s" + std::to_string(index);
  const std::int64_t outputs = rng.chance(0.15) ? 0 : rng.chance(0.2) ? rng.between(2, 3) : 1;
  for (std::int64_t i = 0; i < outputs; ++i) {
    const std::string suffix = i == 0 ? "" : "_" + std::to_string(i);
    stage.outputs.push_back({stage.name + suffix, "type", ""});
  }
  add_parents(rng, manifest, stage);
  add_other_inputs(rng, manifest, stage);
  if (rng.chance(0.4)) stage.retry.max_attempts = int(rng.between(2, 4));
  if (rng.chance(0.5)) stage.retry.delay_ms = rng.between(0, 20'000);
  if (rng.chance(0.2)) stage.priority = int(rng.between(-2, 2));
  if (!stage.outputs.empty() && rng.chance(0.2)) {
    stage.checks.push_back({stage.outputs[0].asset, "rows", module::CheckSeverity::kBlocking});
  }
  stage.side_effects = rng.chance(0.25);
  stage.code_version = "v" + std::to_string(variant);
  return stage;
}

Manifest make_pipeline(Rng rng, int variant, const std::string& name, const Manifest* upstream) {
  Manifest manifest;
  manifest.pipeline = name;
  manifest.sdk_version = "simulation";
  if (upstream != nullptr) {
    for (const auto& stage : upstream->stages) {
      if (!stage.outputs.empty() && rng.chance(0.4)) {
        manifest.externals.push_back({stage.outputs[0].asset, stage.outputs[0].type, ""});
      }
    }
  }
  // Versions share their first stages and differ in how many follow.
  const int stages = int(rng.between(3, 8)) + variant % 2;
  for (int i = 0; i < stages; ++i) {
    manifest.stages.push_back(make_stage(rng, manifest, i, variant));
  }
  manifest.jobs.push_back({"all", "*", 0});
  manifest.jobs.push_back({"first", "+" + manifest.stages[2].name, int(rng.between(0, 2))});
  return manifest;
}

void draw_outcomes(Rng& rng, Rates& rates) {
  rates.failed = 0.12 * double(rng.below(3));
  rates.crashed = 0.1 * double(rng.below(4));
  rates.timed_out = 0.02 * double(rng.below(2));
  rates.load_error = 0.06 * double(rng.below(3));
  rates.check_failed = 0.3 * double(rng.below(2));
  rates.skipped = 0.05 * double(rng.below(3));
  rates.unchanged = 0.08 * double(rng.below(2));
  rates.wrong_type = 0.02 * double(rng.below(2));
}

void draw_faults(Rng& rng, Rates& rates) {
  if (rng.chance(0.5)) {
    rates.session_dropped = 0.01 * double(rng.below(4));
  }
  if (rng.chance(0.4)) {
    rates.begin_failed = 0.01 * double(rng.below(2));
    rates.write_failed = 0.002 * double(rng.below(2));
    rates.commit_failed_before = 0.02 * double(rng.below(2));
    rates.commit_failed_after = 0.03 * double(rng.below(2));
  }
  rates.reply_lost = 0.15 * double(rng.below(3));
  rates.uploaded_late = 0.3 * double(rng.below(3));
}

}  // namespace

Profile make_profile(Rng& rng, std::uint64_t seed) {
  Profile profile;
  profile.notices = rng.chance(0.7);
  draw_outcomes(rng, profile.rates);
  draw_faults(rng, profile.rates);
  const std::int64_t workers = rng.between(1, 3);
  for (std::int64_t i = 0; i < workers; ++i) {
    profile.workers.push_back({std::int32_t(rng.between(1, 3)), std::int32_t(rng.between(0, 4))});
  }
  profile.short_attempts = rng.chance(0.3);
  profile.crashes = rng.chance(0.6) ? int(rng.between(1, 5)) : 0;
  profile.worker_faults = rng.chance(0.5) ? int(rng.between(1, 4)) : 0;
  profile.runs = int(rng.between(2, 6));
  profile.cancels = rng.chance(0.5) ? int(rng.between(1, 3)) : 0;
  profile.drains = rng.chance(0.3) ? 1 : 0;
  profile.registrations = rng.chance(0.4) ? int(rng.between(1, 2)) : 0;
  if (rng.chance(0.4)) profile.options.live_runs_max = std::int32_t(rng.between(1, 3));
  profile.length = rng.between(base::Duration(seconds(60)), base::Duration(seconds(240)));
  if (profile.crashes > 0 && rng.chance(0.5)) profile.power_cuts_at_start = int(rng.between(1, 3));
  if (profile.crashes > 0 && rng.chance(0.1)) profile.damages = 1;
  profile.wall_steps = rng.chance(0.3) ? int(rng.between(1, 2)) : 0;
  profile.full_disks = rng.chance(0.2) ? int(rng.between(1, 2)) : 0;
  draw_schedules(Rng(seed ^ 0x5C4EDull), profile);
  draw_freshness(Rng(seed ^ 0xF2E54ull), profile);
  return profile;
}

std::vector<Manifest> make_pipelines(std::uint64_t seed, int variant) {
  Manifest first = make_pipeline(Rng(seed ^ 0xA11CE), variant, "p0", nullptr);
  // The imports of p1 are the stages that every version of p0 has.
  Manifest stable = make_pipeline(Rng(seed ^ 0xA11CE), 0, "p0", nullptr);
  Manifest second = make_pipeline(Rng(seed ^ 0xB0B), variant / 2, "p1", &stable);
  return {std::move(first), std::move(second)};
}

}  // namespace weir::simulation
