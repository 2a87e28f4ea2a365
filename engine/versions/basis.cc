// See basis.h. A basis is a digest over a text, so that what is kept of each version is of one
// size; the causes are told from the row of the version, which has the parts. Part of Engine's
// step, and changes nothing.
#include "engine/versions/basis.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "engine/schedules/occurrences.h"
#include "engine/step.h"
#include "value/json.h"

namespace weir::engine {
namespace {

using base::Json;
using base::WallTime;
using module::DependencyKind;

// What an asset that no pipeline makes was last observed as; "" where it is made or was never seen.
std::string observed_as(const State& state, const std::string& asset) {
  const auto made = state.assets.find(asset);
  if (made != state.assets.end() && !made->second.retired) return {};
  const auto seen = state.partitions.find(AssetPartitionView(asset, ""));
  if (seen == state.partitions.end() || !seen->second.verified_at) return {};
  // Without a name each observation is of something new.
  return seen->second.observed.empty() ? "at " + utc_text(*seen->second.verified_at)
                                       : "as " + seen->second.observed;
}

// The text that the digest is of. Every part says how long it is, so that no two lists of parts
// make one text.
class BasisText {
 public:
  explicit BasisText(const module::StageSpec& stage) {
    part(stage.code_version);
    for (const auto& output : stage.outputs) part(output.asset), part(output.type);
  }
  void params(const Digest& digest) { part(digest.raw()); }
  void input(const std::string& asset, std::string_view version) {
    part(asset);
    part(version);
    reads_ = true;
  }
  Digest digest() const { return reads_ ? base::sha256(text_) : Digest{}; }

 private:
  void part(std::string_view text) {
    text_ += std::to_string(text.size());
    text_ += ':';
    text_ += text;
  }

  std::string text_;
  bool reads_ = false;  // what depends on nothing is made of nothing that can be compared
};

bool incomparable(DependencyKind kind) {
  return kind == DependencyKind::kCursor || kind == DependencyKind::kScheduledTime ||
         kind == DependencyKind::kSelfPrevious;
}

// A parameter as a stage gets it, "" where that cannot be told. `given`: what the run overrides.
std::string param_text(const module::Manifest& manifest, const std::string& name,
                       const Json* given) {
  for (const module::ParamSpec& param : manifest.params) {
    if (param.name != name) continue;
    const auto defaults = Json::parse(param.defaults);
    if (!defaults.ok()) return {};
    if (given == nullptr) return defaults->dump();
    if (param.schema.empty()) return given->dump();
    const auto merged = value::merge_params(param.schema, *defaults, *given);
    return merged.ok() ? merged->dump() : std::string();
  }
  return {};
}

Digest digest_of_params(const module::Manifest& manifest, const module::StageSpec& stage,
                        const std::string& overrides) {
  std::string text;
  Json given;
  for (const auto& dependency : stage.dependencies) {
    if (dependency.kind != DependencyKind::kParam) continue;
    if (text.empty() && overrides != "{}") {
      if (auto parsed = Json::parse(overrides); parsed.ok()) given = std::move(*parsed);
    }
    const bool overridden = given.contains(dependency.name);
    const Json* members = overridden ? &given[dependency.name] : nullptr;
    text += dependency.name + "=" + param_text(manifest, dependency.name, members) + "\n";
  }
  return text.empty() ? Digest{} : base::sha256(text);
}

// The value that the run gives the task, null where there is none.
const ValueRef* given_value(const Run& run, const InputSource& source) {
  if (source.parent >= 0) {
    const Task& parent = run.tasks[std::size_t(source.parent)];
    const bool has = source.output >= 0 && std::size_t(source.output) < parent.outputs.size();
    return has ? &parent.outputs[std::size_t(source.output)].value : nullptr;
  }
  if (source.pin < 0) return nullptr;
  const AssetVersion& pin = run.row.pins[std::size_t(source.pin)];
  return pin.materialization != 0 ? &pin.value : nullptr;
}

// `value_of(i)`: of the stage's i-th dependency, null where it has none.
template <class ValueOf>
Basis make_basis(const State& state, const module::Manifest& manifest,
                 const module::StageSpec& stage, const std::string& overrides, ValueOf value_of) {
  Basis basis;
  basis.params = digest_of_params(manifest, stage, overrides);
  if (stage.outputs.empty() || stage.code_version.empty()) return basis;
  BasisText text(stage);
  text.params(basis.params);
  for (std::size_t i = 0; i < stage.dependencies.size(); ++i) {
    const auto& dependency = stage.dependencies[i];
    if (incomparable(dependency.kind)) return basis;
    const bool takes_value =
        dependency.kind == DependencyKind::kAsset || dependency.kind == DependencyKind::kLastGood;
    if (!takes_value && dependency.kind != DependencyKind::kAfter) continue;
    const ValueRef* value = takes_value ? value_of(i) : nullptr;
    if (value != nullptr) {
      text.input(dependency.name, value->digest.raw());
    } else if (const std::string seen = observed_as(state, dependency.name); !seen.empty()) {
      text.input(dependency.name, seen);
    } else if (takes_value) {
      return basis;  // it was absent, and why that was so is an input as well
    }
  }
  basis.all = text.digest();
  return basis;
}

const ValueRef* current_value(const State& state, const std::string& asset) {
  const CurrentVersion& current = current_version(state, AssetPartitionView(asset, ""));
  return current.materialization != 0 ? &current.value : nullptr;
}

std::string quoted(const std::string& text) { return text.empty() ? "none" : "'" + text + "'"; }

// What became of one input since the version was made.
void compare_input(const State& state, const MaterializationRow& version, const std::string& asset,
                   std::vector<StaleCause>& causes) {
  const auto used =
      std::find_if(version.inputs.begin(), version.inputs.end(), [&](const AssetVersion& input) {
        return input.of.asset == asset && input.of.partition.empty();
      });
  const CurrentVersion& now = current_version(state, AssetPartitionView(asset, ""));
  if (used == version.inputs.end()) {
    if (now.materialization == 0) return;
    causes.push_back({StaleKind::kDependency, asset, "it was made without " + asset, {}});
  } else if (now.materialization != 0 && now.value.digest != used->value.digest) {
    causes.push_back({StaleKind::kData, asset,
                      asset + " is version " + now.value.digest.hex().substr(0, 12) + ", not " +
                          used->value.digest.hex().substr(0, 12),
                      now.at});
  }
}

void compare_dependencies(const State& state, const MaterializationRow& version,
                          const module::StageSpec& stage, std::vector<StaleCause>& causes) {
  std::vector<std::string> reads;
  for (const auto& dependency : stage.dependencies) {
    const bool takes_value =
        dependency.kind == DependencyKind::kAsset || dependency.kind == DependencyKind::kLastGood;
    if (!takes_value && dependency.kind != DependencyKind::kAfter) continue;
    reads.push_back(dependency.name);
    const auto seen = state.partitions.find(AssetPartitionView(dependency.name, ""));
    const bool from_outside = !observed_as(state, dependency.name).empty();
    if (from_outside && *seen->second.verified_at > version.at) {
      causes.push_back({StaleKind::kData, dependency.name,
                        dependency.name + " was observed " + observed_as(state, dependency.name),
                        seen->second.verified_at});
    } else if (takes_value && !from_outside) {
      compare_input(state, version, dependency.name, causes);
    }
  }
  for (const AssetVersion& input : version.inputs) {
    if (std::find(reads.begin(), reads.end(), input.of.asset) != reads.end()) continue;
    if (input.of.asset == version.of.asset) continue;  // its own last one
    causes.push_back({StaleKind::kDependency,
                      input.of.asset,
                      "it was made from " + input.of.asset + ", which it reads no more",
                      {}});
  }
}

// An observation from before the version was made or verified says nothing of what its source has
// been since.
bool sources_seen_since(const State& state, const module::StageSpec& stage,
                        const PartitionState& made) {
  const WallTime last = std::max(made.current.at, made.verified_at.value_or(WallTime::min()));
  return std::all_of(stage.dependencies.begin(), stage.dependencies.end(), [&](const auto& one) {
    if (observed_as(state, one.name).empty()) return true;
    return *state.partitions.find(AssetPartitionView(one.name, ""))->second.verified_at > last;
  });
}

}  // namespace

Basis basis_of(const State& state, const Run& run, const Task& task) {
  const Module& module = *run.modules[std::size_t(task.module)];
  return make_basis(state, *module.manifest, *task.spec, run.row.params,
                    [&](std::size_t i) { return given_value(run, task.inputs[i]); });
}

bool up_to_date(const State& state, const Run& run, const Task& task) {
  const Digest wanted = basis_of(state, run, task).all;
  if (!wanted) return false;
  const std::string& partition = partition_of(run, task);
  return std::all_of(task.spec->outputs.begin(), task.spec->outputs.end(), [&](const auto& output) {
    const auto made = state.partitions.find(AssetPartitionView(output.asset, partition));
    return made != state.partitions.end() && made->second.current.basis == wanted &&
           sources_seen_since(state, *task.spec, made->second);
  });
}

Currency currency_of(const State& state, const std::string& asset) {
  const StageGraph::Place* maker = state.catalog->whole().maker_of(asset);
  const CurrentVersion& current = current_version(state, AssetPartitionView(asset, ""));
  if (maker == nullptr || current.materialization == 0 || !current.basis) {
    return Currency::kUnknown;
  }
  const module::StageSpec& stage = maker->spec();
  const Digest wanted = make_basis(state, *maker->manifest, stage, "{}", [&](std::size_t i) {
                          return current_value(state, stage.dependencies[i].name);
                        }).all;
  if (!wanted) return Currency::kUnknown;
  return wanted == current.basis ? Currency::kUpToDate : Currency::kStale;
}

std::vector<StaleCause> stale_causes(const State& state, const MaterializationRow& version) {
  std::vector<StaleCause> causes;
  const StageGraph::Place* maker = state.catalog->whole().maker_of(version.of.asset);
  if (maker == nullptr) return causes;
  const module::StageSpec& stage = maker->spec();
  const auto active = state.active.find(maker->manifest->pipeline);
  const auto module =
      active == state.active.end() ? state.modules.end() : state.modules.find(active->second);
  const std::optional<WallTime> since = module == state.modules.end()
                                            ? std::nullopt
                                            : std::optional(module->second->row.registered_at);
  if (version.code_version != stage.code_version) {
    causes.push_back({StaleKind::kCode, "",
                      "its code is version " + quoted(stage.code_version) + ", not " +
                          quoted(version.code_version),
                      since});
  }
  for (const auto& output : stage.outputs) {
    if (output.asset != version.of.asset || output.type == version.value.type) continue;
    causes.push_back({StaleKind::kCode, "", "its type has changed", since});
  }
  if (version.params != digest_of_params(*maker->manifest, stage, "{}")) {
    causes.push_back(
        {StaleKind::kParameter, "", "it was made with other parameters than the defaults", {}});
  }
  compare_dependencies(state, version, stage, causes);
  return causes;
}

}  // namespace weir::engine
