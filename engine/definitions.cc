// Registration: several modules at once, all or nothing. Decides who owns which asset, whether
// consumers and producers still agree on types, and what changed. Part of Engine's step: judges a
// proposal first and touches the state only once all of it is accepted. Live runs keep the modules
// that they pinned.
#include <algorithm>
#include <set>
#include <utility>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/alerts/alert_step.h"
#include "engine/freshness/freshness_step.h"
#include "engine/schedules/schedule_step.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Json;
using base::Status;

constexpr std::size_t kSchemaShownMax = 200;
constexpr std::int64_t kRecordsOfAModuleMax = 3;    // its row, its predecessor's, its event
constexpr std::int64_t kRecordsOfAScheduleMax = 4;  // its row, its event, a stretch and its event

struct Producer {
  std::string pipeline;
  std::string type;
  std::string schema;
};

// A consumer that would not be served.
struct Mismatch {
  std::string line;
  std::string consumer;  // its pipeline
};

// What would be registered if the request were accepted.
struct Proposal {
  std::map<std::string, std::shared_ptr<const Manifest>, std::less<>> pipelines;
  std::map<std::string, Producer, std::less<>> producers;
};

Status claim_assets(const std::string& pipeline, const Manifest& manifest, Proposal& proposal) {
  for (const auto& stage : manifest.stages) {
    for (const auto& output : stage.outputs) {
      const auto [owner, fresh] =
          proposal.producers.emplace(output.asset, Producer{pipeline, output.type, output.schema});
      if (fresh) continue;
      return Status(Code::kAlreadyExists, base::kErrAssetOwned,
                    "asset '" + output.asset + "' of pipeline '" + pipeline +
                        "' is owned by pipeline '" + owner->second.pipeline +
                        "'; rename it, or import it with p.external(key)");
    }
  }
  return {};
}

// Pipelines may read each other's assets, but their stages must not wait for each other in a
// circle.
Status check_cycles(const Proposal& proposal) {
  std::vector<const module::StageSpec*> stages;
  std::map<std::string_view, std::size_t> by_asset;
  for (const auto& [pipeline, manifest] : proposal.pipelines) {
    for (const auto& stage : manifest->stages) {
      for (const auto& output : stage.outputs) by_asset.emplace(output.asset, stages.size());
      stages.push_back(&stage);
    }
  }
  std::vector<std::vector<std::size_t>> children(stages.size());
  std::vector<std::size_t> open(stages.size(), 0), free;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    for (const auto& dep : stages[i]->dependencies) {
      const auto parent = by_asset.find(dep.name);
      const bool joins =
          dep.kind == module::DependencyKind::kAsset || dep.kind == module::DependencyKind::kAfter;
      if (!joins || parent == by_asset.end()) continue;
      children[parent->second].push_back(i);
      open[i] += 1;
    }
    if (open[i] == 0) free.push_back(i);
  }
  for (std::size_t done = 0; done < free.size(); ++done) {
    for (const std::size_t child : children[free[done]]) {
      if (--open[child] == 0) free.push_back(child);
    }
  }
  if (free.size() == stages.size()) return {};
  std::string names;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (open[i] > 0) names += (names.empty() ? "" : ", ") + stages[i]->name;
  }
  return Status(Code::kInvalidArgument, base::kErrCycle,
                "these stages of several pipelines would wait for each other: " + names +
                    "; read one of the assets with last_good()");
}

base::Result<Proposal> propose(const State& state, const RegisterModules& command) {
  Proposal proposal;
  for (const auto& [pipeline, digest] : state.active) {
    proposal.pipelines[pipeline] = state.modules.at(digest)->manifest;
  }
  std::set<std::string> given;
  for (const auto& upload : command.modules) {
    if (!given.insert(upload.manifest->pipeline).second) {
      return Status(Code::kInvalidArgument, base::kErrDuplicateName,
                    "two of the modules declare the pipeline '" + upload.manifest->pipeline + "'");
    }
    if (Status status = check_jobs(upload.manifest); !status.ok()) return status;
    Status status = check_schedules(state, *upload.manifest, command.zones);
    if (status.ok()) status = check_freshness(state, *upload.manifest, command.zones);
    if (status.ok()) status = check_alerts(state, *upload.manifest);
    if (!status.ok()) return status;
    proposal.pipelines[upload.manifest->pipeline] = upload.manifest;
  }
  // Who is there already claims first: the newcomer is the one to be told.
  for (const bool newcomers : {false, true}) {
    for (const auto& [pipeline, manifest] : proposal.pipelines) {
      if (given.contains(pipeline) != newcomers) continue;
      if (Status status = claim_assets(pipeline, *manifest, proposal); !status.ok()) return status;
    }
  }
  if (Status status = check_cycles(proposal); !status.ok()) return status;
  return proposal;
}

// The schema is what people wrote, the fingerprint what tells two long ones apart.
std::string type_text(const std::string& type, const std::string& schema, bool both) {
  if (schema.empty()) return "type " + type;
  const std::string shown = base::cut_utf8(schema, kSchemaShownMax);
  return "'" + shown + "'" + (both ? " (type " + type + ")" : "");
}

std::string mismatch_line(const std::string& pipeline, const module::ExternalSpec& external,
                          const Producer& producer) {
  const bool alike = base::cut_utf8(external.schema, kSchemaShownMax) ==
                     base::cut_utf8(producer.schema, kSchemaShownMax);
  return "pipeline '" + pipeline + "' reads '" + external.asset + "' as " +
         type_text(external.type, external.schema, alike) + ", but pipeline '" + producer.pipeline +
         "' makes " + type_text(producer.type, producer.schema, alike);
}

std::vector<Mismatch> mismatches(const Proposal& proposal) {
  std::vector<Mismatch> broken;
  for (const auto& [pipeline, manifest] : proposal.pipelines) {
    for (const auto& external : manifest->externals) {
      const auto producer = proposal.producers.find(external.asset);
      if (producer == proposal.producers.end()) continue;
      if (producer->second.type == external.type) continue;
      broken.push_back({mismatch_line(pipeline, external, producer->second), pipeline});
    }
  }
  return broken;
}

// The mismatches that the change brings. One that is there already, among pipelines that the change
// does not touch, was accepted before.
std::vector<Mismatch> broken_consumers(const State& state, const Proposal& proposal) {
  Proposal present;
  for (const auto& [pipeline, digest] : state.active) {
    const auto& manifest = state.modules.at(digest)->manifest;
    present.pipelines[pipeline] = manifest;
    for (const auto& stage : manifest->stages) {
      for (const auto& output : stage.outputs) {
        present.producers.emplace(output.asset, Producer{pipeline, output.type, output.schema});
      }
    }
  }
  const auto before = mismatches(present);
  std::vector<Mismatch> broken;
  for (auto& mismatch : mismatches(proposal)) {
    const bool known = std::any_of(before.begin(), before.end(),
                                   [&](const Mismatch& old) { return old.line == mismatch.line; });
    if (!known) broken.push_back(std::move(mismatch));
  }
  return broken;
}

// Consumers of assets that no registered pipeline makes any more.
std::vector<std::string> orphaned_consumers(const State& state, const Proposal& proposal) {
  std::vector<std::string> orphaned;
  for (const auto& [pipeline, manifest] : proposal.pipelines) {
    for (const auto& external : manifest->externals) {
      if (proposal.producers.contains(external.asset)) continue;
      const auto known = state.assets.find(external.asset);
      if (known == state.assets.end() || known->second.retired) continue;
      orphaned.push_back("pipeline '" + pipeline + "' reads '" + external.asset +
                         "', which would no longer be made");
    }
  }
  return orphaned;
}

// Whether every consumer that would not be served comes with this request: then nobody is broken,
// and it is for the consumer to change.
bool only_newcomers(const RegisterModules& command, const std::vector<Mismatch>& unserved) {
  return std::all_of(unserved.begin(), unserved.end(), [&](const Mismatch& mismatch) {
    return std::any_of(command.modules.begin(), command.modules.end(), [&](const auto& upload) {
      return upload.manifest->pipeline == mismatch.consumer;
    });
  });
}

Status refusal(const std::vector<std::string>& breaking, bool newcomers) {
  std::string text =
      newcomers ? "an input has another type than the asset:" : "the change breaks consumers:";
  for (const auto& line : breaking) text += "\n  " + line;
  text += newcomers ? "\ngive the input the type of the asset, or change both in one call"
                    : "\nregister the consumers in the same call, or use --break";
  return Status(Code::kFailedPrecondition, base::kErrBreakingChange, std::move(text));
}

std::map<std::string, const module::StageSpec*> stages_by_name(const Manifest& manifest) {
  std::map<std::string, const module::StageSpec*> stages;
  for (const auto& stage : manifest.stages) stages.emplace(stage.name, &stage);
  return stages;
}

std::string stage_difference(const module::StageSpec& before, const module::StageSpec& after) {
  Manifest left, right;
  left.stages.push_back(before);
  right.stages.push_back(after);
  const Json a = module::manifest_to_json(left)["stages"].items()[0];
  const Json b = module::manifest_to_json(right)["stages"].items()[0];
  std::string fields;
  for (const auto& [key, value] : b.members()) {
    if (a[key] != value) fields += (fields.empty() ? "" : ", ") + key;
  }
  for (const auto& [key, value] : a.members()) {
    if (!b.contains(key)) fields += (fields.empty() ? "" : ", ") + key;
  }
  return fields;
}

ModuleChange change_of(const State& state, const ModuleUpload& upload,
                       const std::vector<std::string>& breaking) {
  ModuleChange change;
  const auto active = state.active.find(upload.manifest->pipeline);
  const bool known = active != state.active.end();
  std::map<std::string, const module::StageSpec*> before;
  if (known) before = stages_by_name(*state.modules.at(active->second)->manifest);
  const auto after = stages_by_name(*upload.manifest);
  for (const auto& [name, stage] : after) {
    const auto old = before.find(name);
    if (old == before.end()) {
      change.added.push_back(name);
    } else if (const std::string fields = stage_difference(*old->second, *stage); !fields.empty()) {
      change.changed.push_back(name + ": " + fields);
    }
  }
  for (const auto& [name, stage] : before) {
    if (!after.contains(name)) change.removed.push_back(name);
  }
  add_schedule_changes(state, *upload.manifest, change);
  add_freshness_changes(state, *upload.manifest, change);
  add_alert_changes(state, *upload.manifest, change);
  change.breaking = breaking;
  change.pipeline = upload.manifest->pipeline;
  change.module = upload.digest;
  if (known) change.replaces = active->second;
  change.unchanged = known && active->second == upload.digest;
  return change;
}

// What the registration would write at once: each module and its asset rows, those too that retire.
Status check_records(const State& state, const RegisterModules& command, const Proposal& proposal) {
  std::set<std::string_view> given;
  std::int64_t records = 0;
  for (const auto& upload : command.modules) {
    given.insert(upload.manifest->pipeline);
    records += kRecordsOfAModuleMax;
    records += kRecordsOfAScheduleMax * std::ssize(upload.manifest->schedules);
    records += 3 * std::ssize(upload.manifest->freshness);  // its row twice, its event
    records += 2 * std::ssize(upload.manifest->alerts);     // its row, its event
    for (const auto& stage : upload.manifest->stages) records += std::ssize(stage.outputs);
  }
  for (const auto& [name, asset] : state.assets) {
    const bool owned = given.contains(asset.pipeline) && !asset.retired;
    records += owned && !proposal.producers.contains(name) ? 1 : 0;
  }
  if (records <= state.options.request_records_max) return {};
  return Status(Code::kResourceExhausted, base::kErrLimit,
                "the registration would write " + std::to_string(records) +
                    " rows at once; the limit request_records_max is " +
                    std::to_string(state.options.request_records_max) +
                    ": register fewer modules at a time, or split the pipeline");
}

void retire_assets(Step& step, const std::string& pipeline, const Manifest& manifest) {
  std::set<std::string_view> kept;
  for (const auto& stage : manifest.stages) {
    for (const auto& output : stage.outputs) kept.insert(output.asset);
  }
  for (auto& [name, asset] : step.state.assets) {
    if (asset.pipeline != pipeline || asset.retired || kept.contains(name)) continue;
    asset.retired = true;
    write(step, asset);
  }
}

void adopt_assets(Step& step, const std::string& pipeline, const Manifest& manifest) {
  for (const auto& stage : manifest.stages) {
    for (const auto& output : stage.outputs) {
      AssetRow adopted{
          .name = output.asset, .pipeline = pipeline, .type = output.type, .retired = false};
      AssetRow& asset = step.state.assets[output.asset];
      if (asset == adopted) continue;
      asset = std::move(adopted);
      write(step, asset);
    }
  }
}

// What the engine keeps of it: schedules have their rows, and there may be very many of them.
std::shared_ptr<const Manifest> without_schedules(const std::shared_ptr<const Manifest>& manifest) {
  if (manifest->schedules.empty()) return manifest;
  Manifest kept = *manifest;
  kept.schedules = std::vector<module::ScheduleSpec>();  // = {} would keep their room
  return std::make_shared<const Manifest>(std::move(kept));
}

void activate(Step& step, const ModuleUpload& upload) {
  State& state = step.state;
  const std::string& pipeline = upload.manifest->pipeline;
  if (const auto active = state.active.find(pipeline); active != state.active.end()) {
    if (active->second == upload.digest) return;
    const auto old = state.modules.at(active->second);
    old->row.active = false;
    write(step, old->row);
    state.active.erase(active);
    release_module(state, old);
  }
  auto& module = state.modules[upload.digest];
  if (module == nullptr) {
    ModuleRow row{.digest = upload.digest,
                  .pipeline = pipeline,
                  .manifest = upload.manifest_json,
                  .files = upload.files,
                  .registered_at = step.now.wall,
                  .active = true};
    module = make_module(std::move(row), without_schedules(upload.manifest));
  }
  module->row.active = true;
  state.active[pipeline] = upload.digest;
  write(step, module->row);
  retire_assets(step, pipeline, *upload.manifest);
  adopt_assets(step, pipeline, *upload.manifest);
  declare_schedules(step, *upload.manifest, upload.digest);
  declare_freshness(step, *upload.manifest);
  declare_alerts(step, *upload.manifest, upload.digest);
  emit(step, ModuleRegistered{pipeline, upload.digest});
}

}  // namespace

void renew_catalog(State& state) {
  std::map<std::string, std::shared_ptr<Module>, std::less<>> modules;
  for (const auto& [pipeline, digest] : state.active) {
    modules.emplace(pipeline, state.modules.at(digest));
  }
  state.catalog = make_catalog(std::move(modules));
}

void release_module(State& state, const std::shared_ptr<Module>& module) {
  if (module->row.active || module->live_runs > 0) return;
  state.modules.erase(Digest(module->row.digest));
}

void register_modules(Step& step, const RegisterModules& command) {
  if (answered_before(step, command.request)) return;
  const auto proposal = propose(step.state, command);
  if (!proposal.ok()) return reply(step, command.request, proposal.status());
  if (Status status = check_records(step.state, command, *proposal); !status.ok()) {
    return reply(step, command.request, std::move(status));
  }
  const auto unserved = broken_consumers(step.state, *proposal);
  std::vector<std::string> breaking;
  for (const Mismatch& mismatch : unserved) breaking.push_back(mismatch.line);
  const auto orphaned = orphaned_consumers(step.state, *proposal);
  breaking.insert(breaking.end(), orphaned.begin(), orphaned.end());
  std::vector<ModuleChange> changes;
  for (const auto& upload : command.modules) {
    changes.push_back(change_of(step.state, upload, breaking));
  }
  if (!breaking.empty() && !command.allow_breaking && !command.dry_run) {
    const bool newcomers = orphaned.empty() && only_newcomers(command, unserved);
    return reply(step, command.request, refusal(breaking, newcomers));
  }
  if (command.dry_run) {
    step.effects.replies.push_back({command.request.reply_to, {}, std::move(changes)});
    return;
  }
  step.state.zones.insert(command.zones.begin(), command.zones.end());
  for (const auto& upload : command.modules) activate(step, upload);
  renew_catalog(step.state);
  reply(step, command.request, {}, std::move(changes));
}

}  // namespace weir::engine
