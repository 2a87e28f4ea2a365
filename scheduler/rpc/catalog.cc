// Caches of definitions over the reader. A load that a registration
// overtook is used once and not kept. Read threads only: a miss waits
// for the store, and the lock is never held while it does.
#include "scheduler/rpc/catalog.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/json.h"
#include "engine/plan/selection.h"
#include "scheduler/rpc/limits.h"

namespace weir::rpc {
namespace {

base::Result<std::shared_ptr<const module::Manifest>> parse_manifest(const engine::ModuleRow& row) {
  const base::Result<base::Json> json = base::Json::parse(row.manifest);
  if (!json.ok()) return json.status();
  base::Result<module::Manifest> manifest = module::manifest_from_json(*json);
  if (!manifest.ok()) return manifest.status();
  return std::make_shared<const module::Manifest>(std::move(manifest).value());
}

}  // namespace

base::Result<std::vector<std::string>> Definitions::select(std::string_view expression) const {
  const engine::StageGraph& graph = catalog->whole();
  const base::Result<std::vector<bool>> chosen = engine::select(graph.graph, expression);
  if (!chosen.ok()) return chosen.status();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < graph.stages.size(); ++i) {
    if (!(*chosen)[i]) continue;
    for (const auto& output : graph.stages[i].spec().outputs) {
      names.push_back(output.asset);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> assets_read_by(const module::StageSpec& stage) {
  std::vector<std::string> names;
  for (const module::DependencySpec& dependency : stage.dependencies) {
    const bool reads = dependency.kind == module::DependencyKind::kAsset ||
                       dependency.kind == module::DependencyKind::kLastGood;
    if (reads && std::find(names.begin(), names.end(), dependency.name) == names.end()) {
      names.push_back(dependency.name);
    }
  }
  return names;
}

base::Result<std::shared_ptr<const Definitions>> Catalog::definitions() {
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    if (definitions_) return definitions_;
    generation = generation_;
  }
  base::Result<std::vector<engine::ModuleRow>> rows = reader_.active_modules();
  if (!rows.ok()) return rows.status();
  auto loaded = std::make_shared<Definitions>();
  std::map<std::string, std::shared_ptr<engine::Module>, std::less<>> modules;
  for (const engine::ModuleRow& row : *rows) {
    auto manifest = parse_manifest(row);
    if (!manifest.ok()) return manifest.status();
    const module::Manifest& parsed = **manifest;
    for (std::size_t stage = 0; stage < parsed.stages.size(); ++stage) {
      for (std::size_t output = 0; output < parsed.stages[stage].outputs.size(); ++output) {
        loaded->assets.emplace(parsed.stages[stage].outputs[output].asset,
                               AssetDefinition{&parsed, stage, output});
      }
    }
    engine::ModuleRow known = row;
    known.manifest.clear();  // parsed, it is kept once
    modules.emplace(parsed.pipeline, engine::make_module(std::move(known), *manifest));
    loaded->manifests.push_back(std::move(manifest).value());
  }
  loaded->catalog = engine::make_catalog(std::move(modules));
  const std::lock_guard lock(mutex_);
  if (generation == generation_) definitions_ = loaded;
  return std::shared_ptr<const Definitions>(std::move(loaded));
}

base::Result<std::shared_ptr<const module::Manifest>> Catalog::manifest(
    const engine::Digest& module) {
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = manifests_.begin(); entry != manifests_.end(); ++entry) {
      if (entry->module != module) continue;
      manifests_.splice(manifests_.begin(), manifests_, entry);
      return manifests_.front().manifest;
    }
  }
  const base::Result<engine::ModuleRow> row = reader_.get_module(module);
  if (!row.ok()) return row.status();
  auto parsed = parse_manifest(*row);
  if (!parsed.ok()) return parsed;
  const std::lock_guard lock(mutex_);
  manifests_.push_front({module, *parsed});
  if (manifests_.size() > kManifestsCachedMax) manifests_.pop_back();
  return parsed;
}

base::Result<std::shared_ptr<const std::vector<std::string>>> Catalog::task_names(
    engine::RunId run) {
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = names_.begin(); entry != names_.end(); ++entry) {
      if (entry->run != run) continue;
      names_.splice(names_.begin(), names_, entry);
      return names_.front().names;
    }
  }
  auto names = std::make_shared<std::vector<std::string>>();
  ports::PageRequest page;
  page.size = ports::kPageSizeMax;
  do {
    const auto tasks = reader_.list_tasks(run, std::nullopt, "", page);
    if (!tasks.ok()) return tasks.status();
    for (const engine::TaskRow& task : tasks->rows) {
      const auto index = static_cast<std::size_t>(std::max(task.index, 0));
      if (names->size() <= index) names->resize(index + 1);
      (*names)[index] = task.name;
    }
    page.after = tasks->next;
  } while (!page.after.empty());
  const NamesEntry entry{run, std::move(names)};
  remember(entry);
  return entry.names;
}

void Catalog::remember(const NamesEntry& entry) {
  const std::lock_guard lock(mutex_);
  names_.push_front(entry);
  names_count_ += entry.names->size();
  while (names_count_ > kTaskNamesCachedMax && names_.size() > 1) {
    names_count_ -= names_.back().names->size();
    names_.pop_back();
  }
}

void Catalog::invalidate() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  definitions_.reset();
}

}  // namespace weir::rpc
