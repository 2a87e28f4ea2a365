// The graphs of stages and what is selected from them: jobs by full or short name, selections over
// all registered stages, the order of tasks. Pure functions of the definitions, safe from any
// thread; which versions a run would read is not known here.
#include "engine/plan/catalog.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>
#include <utility>

#include "base/errors.h"
#include "base/names.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Result;
using base::Status;
using module::DependencyKind;
using module::DependencySpec;

constexpr std::size_t kJobProblemsShownMax = 10;

std::int32_t producer_of(const StageGraph& graph, const Module& module, std::size_t consumer,
                         const DependencySpec& dep) {
  if (const auto asset = graph.by_asset.find(dep.name); asset != graph.by_asset.end()) {
    return asset->second;
  }
  // An ordering dependency may name a task without assets, of the same pipeline.
  const auto task = module.stage_by_name.find(dep.name);
  if (task == module.stage_by_name.end()) return -1;
  return std::int32_t(consumer) - graph.stages[consumer].stage + task->second;
}

void add_stages(StageGraph& graph, const Module& module, std::int32_t place) {
  for (std::size_t i = 0; i < module.manifest->stages.size(); ++i) {
    const auto node = std::int32_t(graph.stages.size());
    graph.stages.push_back({module.manifest.get(), place, std::int32_t(i)});
    for (const auto& output : module.manifest->stages[i].outputs) {
      graph.by_asset.emplace(output.asset, node);
    }
  }
}

// Once all stages are there.
void join_stages(StageGraph& out, const std::vector<const Module*>& modules) {
  out.graph.resize(out.stages.size());
  for (std::size_t i = 0; i < out.stages.size(); ++i) {
    const auto& spec = out.stages[i].spec();
    out.graph[i].names.push_back(spec.name);
    for (const auto& output : spec.outputs) {
      if (output.asset != spec.name) out.graph[i].names.push_back(output.asset);
    }
    const Module& module = *modules[std::size_t(out.stages[i].module)];
    const std::int32_t stage = out.stages[i].stage;
    const std::size_t first = i - std::size_t(stage - module.alike[std::size_t(stage)]);
    if (first != i) {
      out.graph[i].parents = out.graph[first].parents;
    } else {
      for (const auto& dep : spec.dependencies) {
        const std::int32_t parent = joins_run(dep.kind) ? producer_of(out, module, i, dep) : -1;
        if (parent >= 0) out.graph[i].parents.push_back(parent);
      }
    }
    for (const std::int32_t parent : out.graph[i].parents) {
      out.graph[std::size_t(parent)].children.push_back(std::int32_t(i));
    }
  }
}

// Kahn's algorithm with a heap, so that ties keep the order of declaration.
std::vector<std::int32_t> in_order(const Graph& graph, const std::vector<bool>& chosen) {
  std::vector<std::int32_t> missing(graph.size(), 0);
  std::priority_queue<std::int32_t, std::vector<std::int32_t>, std::greater<>> open;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (!chosen[i]) continue;
    for (const auto parent : graph[i].parents) missing[i] += chosen[std::size_t(parent)];
    if (missing[i] == 0) open.push(std::int32_t(i));
  }
  std::vector<std::int32_t> order;
  while (!open.empty()) {
    const auto i = std::size_t(open.top());
    open.pop();
    order.push_back(std::int32_t(i));
    for (const auto child : graph[i].children) {
      if (chosen[std::size_t(child)] && --missing[std::size_t(child)] == 0) open.push(child);
    }
  }
  return order;
}

std::size_t hash_of(const module::StageSpec& stage) {
  std::size_t hash = stage.dependencies.size();
  const auto mix = [&hash](std::size_t value) { hash = hash * 0x9E3779B97F4A7C15ull + value; };
  for (const DependencySpec& dep : stage.dependencies) {
    mix(std::hash<std::string>()(dep.name));
    mix(std::size_t(dep.kind) + std::size_t(dep.rule));
  }
  return hash;
}

// Compared once a registration, so that no plan has to: a layer of stages that all take the same
// is planned as one.
std::vector<std::int32_t> find_alike(const std::vector<module::StageSpec>& stages) {
  std::vector<std::int32_t> alike;
  alike.reserve(stages.size());
  std::unordered_multimap<std::size_t, std::int32_t> firsts;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const std::size_t hash = hash_of(stages[i]);
    auto [at, end] = firsts.equal_range(hash);
    at = std::find_if(at, end, [&](const auto& known) {
      const auto& first = stages[std::size_t(known.second)];
      return first.rules == stages[i].rules && first.dependencies == stages[i].dependencies;
    });
    alike.push_back(at != end ? at->second : std::int32_t(i));
    if (at == end) firsts.emplace(hash, std::int32_t(i));
  }
  return alike;
}

}  // namespace

const StageGraph::Place* StageGraph::maker_of(std::string_view asset) const {
  const auto found = by_asset.find(asset);
  return found == by_asset.end() ? nullptr : &stages[std::size_t(found->second)];
}

bool joins_run(DependencyKind kind) {
  return kind == DependencyKind::kAsset || kind == DependencyKind::kAfter;
}

std::shared_ptr<Module> make_module(ModuleRow row,
                                    std::shared_ptr<const module::Manifest> manifest) {
  auto made = std::make_shared<Module>();
  made->row = std::move(row);
  made->manifest = std::move(manifest);
  for (std::size_t i = 0; i < made->manifest->stages.size(); ++i) {
    const auto& stage = made->manifest->stages[i];
    made->stage_by_name.emplace(stage.name, std::int32_t(i));
    for (const auto& output : stage.outputs) {
      made->stage_by_asset.emplace(output.asset, std::int32_t(i));
    }
  }
  made->alike = find_alike(made->manifest->stages);
  add_stages(made->own, *made, 0);
  join_stages(made->own, {made.get()});
  return made;
}

std::shared_ptr<const Catalog> make_catalog(
    std::map<std::string, std::shared_ptr<Module>, std::less<>> modules) {
  auto catalog = std::make_shared<Catalog>();
  catalog->modules = std::move(modules);
  for (const auto& [pipeline, module] : catalog->modules) {
    for (const auto& job : module->manifest->jobs) {
      const std::string full = pipeline + "/" + job.name;
      catalog->jobs.emplace(full, FoundJob{full, &job, module});
      catalog->jobs_by_short_name.emplace(job.name, full);
    }
  }
  if (catalog->modules.size() == 1) return catalog;
  std::vector<const Module*> places;
  for (const auto& [pipeline, module] : catalog->modules) {
    add_stages(catalog->all, *module, std::int32_t(places.size()));
    places.push_back(module.get());
  }
  join_stages(catalog->all, places);
  return catalog;
}

Result<FoundJob> find_job(const Catalog& catalog, const std::string& name) {
  if (const auto exact = catalog.jobs.find(name); exact != catalog.jobs.end()) {
    return exact->second;
  }
  const auto [first, last] = catalog.jobs_by_short_name.equal_range(name);
  if (first == last) {
    std::vector<std::string> known;
    std::string jobs;  // of a pipeline that is named so
    for (const auto& [full, job] : catalog.jobs) {
      known.push_back(full);
      known.push_back(job.spec->name);
      if (full.starts_with(name + "/"))
        jobs += (jobs.empty() ? " Jobs of that pipeline: " : ", ") + full;
    }
    if (!jobs.empty()) jobs += ".";
    return Status(Code::kNotFound, base::kErrUnknownJob,
                  "no job is named '" + name + "'." +
                      (jobs.empty() ? base::did_you_mean(name, known) : jobs) +
                      " `weir register MODULE` adds the jobs of a module.");
  }
  if (std::next(first) == last) return catalog.jobs.at(first->second);
  std::string names;
  for (auto at = first; at != last; ++at) names += (names.empty() ? "" : ", ") + at->second;
  return Status(Code::kInvalidArgument, base::kErrAmbiguous,
                "'" + name + "' names several jobs: " + names + "; write the pipeline too");
}

Result<std::vector<PlannedStage>> plan_stages(const Catalog& catalog, const std::string& job,
                                              const std::string& selection) {
  std::string expression = selection;
  const StageGraph* graph = nullptr;
  std::vector<std::shared_ptr<Module>> modules;  // by their place in the graph
  if (!job.empty()) {
    const auto found = find_job(catalog, job);
    if (!found.ok()) return found.status();
    expression = found->spec->selection;
    modules.push_back(found->module);
    graph = &found->module->own;
  } else {
    for (const auto& [pipeline, module] : catalog.modules) modules.push_back(module);
    graph = &catalog.whole();
  }
  const auto chosen = select(graph->graph, expression);
  if (!chosen.ok()) return chosen.status();
  std::vector<PlannedStage> planned;
  for (const std::int32_t i : in_order(graph->graph, *chosen)) {
    const StageGraph::Place& place = graph->stages[std::size_t(i)];
    planned.push_back({modules[std::size_t(place.module)], place.stage});
  }
  if (!planned.empty()) return planned;
  return Status(Code::kInvalidArgument, base::kErrEmptySelection,
                "the selection '" + expression +
                    "' matches no task; `weir assets list` shows "
                    "what is registered");
}

Status check_jobs(const std::shared_ptr<const module::Manifest>& manifest) {
  if (manifest->jobs.empty()) return {};
  const auto module = make_module({}, manifest);
  int first_error = 0;
  std::string text;
  std::size_t shown = 0;
  for (const auto& job : manifest->jobs) {
    const auto chosen = select(module->own.graph, job.selection);
    Status problem = chosen.status();
    if (chosen.ok() && std::find(chosen->begin(), chosen->end(), true) == chosen->end()) {
      problem = Status(Code::kInvalidArgument, base::kErrEmptySelection,
                       "the selection '" + job.selection + "' matches no task");
    }
    if (problem.ok()) continue;
    if (first_error == 0) first_error = problem.error();
    text += (text.empty() ? "job '" : "\njob '") + job.name + "': " + problem.message();
    if (++shown == kJobProblemsShownMax) break;
  }
  if (text.empty()) return {};
  return Status(Code::kInvalidArgument, first_error, std::move(text));
}

}  // namespace weir::engine
