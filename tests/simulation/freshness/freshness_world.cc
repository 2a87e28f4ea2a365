// Policies of both kinds, drawn from the seed: see freshness_world.h. The same seed and variant
// always declare the same, and most policies are the same in every version of their pipeline. Pure
// but for the cache of zones; one thread.
#include "tests/simulation/freshness/freshness_world.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/schedules/schedule_world.h"

namespace weir::simulation {
namespace {

using module::DependencyKind;
using module::FreshnessSpec;
using std::chrono::seconds;

FreshnessSpec make_policy(Rng& rng, const Profile& profile) {
  FreshnessSpec spec;
  if (rng.chance(0.7)) {
    spec.fail_ms = rng.between(module::kFreshnessMsMin, 2 * module::kFreshnessMsMin);
    if (rng.chance(0.5)) spec.warn_ms = rng.between(20'000, spec.fail_ms - 1);
  } else {
    spec.kind = module::FreshnessKind::kBy;
    spec.cron = rng.chance(0.5) ? "*/2 * * * *" : "* * * * *";
    spec.zone = profile.zone;
    spec.lower_bound_ms = rng.between(module::kFreshnessMsMin, 2 * module::kFreshnessMsMin);
    if (rng.chance(0.5)) spec.warn_margin_ms = rng.between(1'000, 50'000);
  }
  if (rng.chance(0.6)) spec.required_after_ms = rng.between(0, 60'000);
  if (rng.chance(0.15)) spec.action = module::FreshnessAction::kObserve;
  if (rng.chance(0.6)) spec.expected_ms = rng.between(100, 40'000);
  return spec;
}

}  // namespace

void draw_freshness(Rng rng, Profile& profile) {
  profile.freshness = rng.chance(0.2);
  if (!profile.freshness) return;
  profile.freshness_requests = int(rng.between(0, 12));
  if (rng.chance(0.7)) profile.short_attempts = true;
  profile.runs = std::min(profile.runs, 3);
  profile.length = std::max(
      profile.length, rng.between(base::Duration(seconds(120)), base::Duration(seconds(400))));
}

void declare_policies(std::uint64_t seed, int variant, const Profile& profile,
                      std::vector<module::Manifest>& pipelines) {
  for (module::Manifest& manifest : pipelines) {
    if (manifest.pipeline == "p0") manifest.externals.push_back({kFeed, "type", ""});
    for (module::StageSpec& stage : manifest.stages) {
      if (stage.name == kReadsFeed) {
        stage.dependencies.push_back({DependencyKind::kLastGood, kFeed, "type", 0, true});
      }
      for (const auto& output : stage.outputs) {
        // Most are the same in every version.
        std::uint64_t own = seed ^ 0xF2E5Bull;
        for (const char c : output.asset) own = own * 131 + std::uint8_t(c);
        Rng rng(own);
        if (!rng.chance(0.4)) continue;
        if (rng.chance(0.3)) rng = Rng(own + std::uint64_t(variant) * 104'729);
        FreshnessSpec spec = make_policy(rng, profile);
        spec.asset = output.asset;
        manifest.freshness.push_back(std::move(spec));
      }
    }
  }
}

engine::Zones zones_of_policies(const module::Manifest& manifest) {
  std::vector<module::ScheduleSpec> named;
  for (const FreshnessSpec& policy : manifest.freshness) {
    named.emplace_back();
    named.back().zone = policy.zone;
  }
  return zones_of(named);
}

}  // namespace weir::simulation
