// Which freshness policies there are: what modules declare, what people set in its place, and
// pauses. A policy is of an asset; where people have set one, registrations leave it alone until
// they take it back. Part of Engine's step.
#include <set>
#include <utility>

#include "base/errors.h"
#include "base/names.h"
#include "calendar/cron_text.h"
#include "engine/freshness/freshness_step.h"
#include "module/freshness_check.h"
#include "module/schedule_check.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;

// From now on it is that.
void begin_policy(Step& step, FreshnessPolicy& policy, const std::string& asset,
                  module::FreshnessSpec spec) {
  policy.row.asset = asset;
  policy.row.spec = std::move(spec);
  policy.row.since = step.now.wall;
  policy.row.failures = 0;
  policy.row.retry_at.reset();
  policy.made = true;
  policy.deadlines = deadlines_of(policy.row.spec, step.state.zones);
  write(step, policy.row);
  step.renewed.insert(asset);
}

void declare_one(Step& step, module::FreshnessSpec spec) {
  const std::string asset = std::exchange(spec.asset, {});
  const auto [at, fresh] = step.state.freshness.try_emplace(asset);
  FreshnessPolicy& policy = at->second;
  const bool same = !fresh && policy.row.spec == spec && policy.made;
  if (same || !policy.row.set_by.empty()) return;  // what people have set stays
  if (fresh) policy.row.state_since = step.now.wall;
  begin_policy(step, policy, asset, std::move(spec));
}

bool made_by(const State& state, const std::string& asset, const std::string& pipeline) {
  const auto found = state.assets.find(asset);
  return found != state.assets.end() && found->second.pipeline == pipeline;
}

// A policy that is declared no more is gone; one that people have set stays, and says so when
// nobody makes its asset.
void take_back(Step& step, const std::string& pipeline, const std::set<std::string>& kept) {
  for (auto at = step.state.freshness.begin(); at != step.state.freshness.end();) {
    FreshnessPolicy& policy = at->second;
    const bool mine = made_by(step.state, at->first, pipeline);
    const bool set = !at->second.row.set_by.empty();
    if (mine && set) {
      at->second.made = !step.state.assets.at(at->first).retired;
      step.renewed.insert(at->first);
    }
    if (!mine || set || kept.contains(at->first)) {
      ++at;
      continue;
    }
    policy.row.deleted = true;
    write(step, policy.row);
    at = step.state.freshness.erase(at);
  }
}

Status check_one(const module::FreshnessSpec& spec, const Zones& known, const Zones& given) {
  Status status = module::joined(module::freshness_problems(spec));
  const bool told = spec.kind == module::FreshnessKind::kMaxAge || known.contains(spec.zone) ||
                    given.contains(spec.zone);
  if (!status.ok() || told) return status;
  return {Code::kFailedPrecondition, base::kErrTimeZone,
          "freshness of '" + spec.asset + "': the tables of time zone '" + spec.zone +
              "' were not given"};
}

// The asset that a person names, if there is a policy on it.
base::Result<FreshnessPolicy*> find_policy(State& state, const std::string& asset) {
  const auto found = state.freshness.find(asset);
  if (found != state.freshness.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [name, policy] : state.freshness) known.push_back(name);
  return Status(Code::kNotFound, base::kErrFreshness,
                "there is no freshness policy on '" + asset + "'." +
                    base::did_you_mean(asset, known) + " `weir freshness list` shows them.");
}

void set_pause(FreshnessPolicy& policy, const PauseFreshness& command) {
  policy.row.paused = command.pause;
  policy.row.paused_by = command.pause ? who(command.by) : "";
  policy.row.pause_reason = command.pause ? command.reason : "";
}

Status nobody_makes(const State& state, const std::string& asset) {
  std::vector<std::string> known;
  for (const auto& [made, stage] : state.catalog->whole().by_asset) known.push_back(made);
  return {Code::kNotFound, base::kErrUnknownAsset,
          "no registered pipeline makes an asset '" + asset + "'." +
              base::did_you_mean(asset, known) +
              " A policy is on an asset that is made; `weir assets list` shows them."};
}

void set_policy(Step& step, const SetFreshness& command) {
  State& state = step.state;
  state.zones.insert(command.zones.begin(), command.zones.end());
  const auto [at, fresh] = state.freshness.try_emplace(command.asset);
  if (fresh) at->second.row.state_since = step.now.wall;
  at->second.row.set_by = who(command.by);
  begin_policy(step, at->second, command.asset, *command.spec);
}

// Back to what its module declares, or to none.
Status unset_policy(Step& step, const SetFreshness& command) {
  const auto found = find_policy(step.state, command.asset);
  if (!found.ok()) return found.status();
  FreshnessPolicy& policy = **found;
  if (policy.row.set_by.empty()) {
    return {Code::kFailedPrecondition, base::kErrFreshness,
            "the policy on '" + command.asset +
                "' is as its module declares it; that is where it is changed"};
  }
  policy.row.set_by.clear();
  if (const auto* maker = step.state.catalog->whole().maker_of(command.asset)) {
    for (const module::FreshnessSpec& spec : maker->manifest->freshness) {
      if (spec.asset != command.asset) continue;
      module::FreshnessSpec declared = spec;
      declared.asset.clear();
      begin_policy(step, policy, command.asset, std::move(declared));
      return {};
    }
  }
  policy.row.deleted = true;
  write(step, policy.row);
  step.state.freshness.erase(command.asset);
  return {};
}

}  // namespace

std::unique_ptr<const calendar::Occurrences> deadlines_of(const module::FreshnessSpec& spec,
                                                          const Zones& zones) {
  if (spec.kind != module::FreshnessKind::kBy) return nullptr;
  const auto zone = zones.find(spec.zone);
  if (zone == zones.end()) return nullptr;
  auto cron = calendar::read_cron(spec.cron);
  if (!cron.ok()) return nullptr;
  return std::make_unique<const calendar::Occurrences>(
      calendar::Occurrences({*cron}, zone->second, {}, {}));
}

Status check_freshness(const State& state, const Manifest& manifest, const Zones& zones) {
  for (const module::FreshnessSpec& spec : manifest.freshness) {
    if (Status status = check_one(spec, state.zones, zones); !status.ok()) return status;
  }
  return {};
}

void declare_freshness(Step& step, const Manifest& manifest) {
  std::set<std::string> kept;
  for (const module::FreshnessSpec& spec : manifest.freshness) {
    kept.insert(spec.asset);
    declare_one(step, spec);
  }
  take_back(step, manifest.pipeline, kept);
}

void add_freshness_changes(const State& state, const Manifest& manifest, ModuleChange& change) {
  std::set<std::string> kept;
  for (const module::FreshnessSpec& spec : manifest.freshness) {
    kept.insert(spec.asset);
    module::FreshnessSpec declared = spec;
    declared.asset.clear();
    const auto found = state.freshness.find(spec.asset);
    if (found == state.freshness.end() || !found->second.made) {
      change.added.push_back("freshness " + spec.asset);
    } else if (found->second.row.set_by.empty() && found->second.row.spec != declared) {
      change.changed.push_back("freshness " + spec.asset);
    }
  }
  for (const auto& [asset, policy] : state.freshness) {
    if (kept.contains(asset) || !policy.row.set_by.empty()) continue;
    if (made_by(state, asset, manifest.pipeline)) change.removed.push_back("freshness " + asset);
  }
}

void pause_freshness(Step& step, const PauseFreshness& command) {
  if (answered_before(step, command.request)) return;
  std::vector<FreshnessPolicy*> policies;
  for (const std::string& asset : command.assets) {
    const auto found = find_policy(step.state, asset);
    if (!found.ok()) return reply(step, command.request, found.status());
    policies.push_back(*found);
  }
  if (command.assets.empty()) {
    for (auto& [asset, policy] : step.state.freshness) policies.push_back(&policy);
  }
  ChangedNames changed;
  for (FreshnessPolicy* policy : policies) {
    if (policy->row.paused == command.pause) continue;
    set_pause(*policy, command);
    write(step, policy->row);
    step.renewed.insert(policy->row.asset);
    changed.names.push_back(policy->row.asset);
  }
  reply(step, command.request, {}, std::move(changed));
}

void set_freshness(Step& step, const SetFreshness& command) {
  if (answered_before(step, command.request)) return;
  Status status;
  if (!command.spec) {
    status = unset_policy(step, command);
  } else if (step.state.catalog->whole().maker_of(command.asset) == nullptr) {
    status = nobody_makes(step.state, command.asset);
  } else {
    module::FreshnessSpec named = *command.spec;
    named.asset = command.asset;
    status = check_one(named, step.state.zones, command.zones);
    if (status.ok()) set_policy(step, command);
  }
  if (!status.ok()) return reply(step, command.request, std::move(status));
  reply(step, command.request, {}, ChangedNames{{command.asset}});
}

}  // namespace weir::engine
