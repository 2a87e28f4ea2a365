// What can be run: the active modules, and their stages as graphs. Made when modules are registered
// and kept until the next registration, so that planning costs what is selected and not what is
// there. Immutable once made but for the engine's own counts; safe to read from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/plan/selection.h"
#include "engine/records.h"
#include "module/manifest.h"

namespace weir::engine {

// Whether a dependency orders the tasks of a run.
bool joins_run(module::DependencyKind kind);

// The stages of some modules, joined.
struct StageGraph {
  struct Place {
    const module::Manifest* manifest = nullptr;  // of a module of the catalog
    std::int32_t module = 0;                     // its place among the modules of the graph
    std::int32_t stage = 0;
    const module::StageSpec& spec() const { return manifest->stages[std::size_t(stage)]; }
  };
  std::vector<Place> stages;
  std::map<std::string, std::int32_t, std::less<>> by_asset;
  Graph graph;
  // The stage that makes the asset, null for none.
  const Place* maker_of(std::string_view asset) const;
};

struct Module {
  ModuleRow row;
  std::shared_ptr<const module::Manifest> manifest;  // of those that are active in the engine,
                                                     // without their schedules
  std::map<std::string, std::int32_t, std::less<>> stage_by_asset;
  std::map<std::string, std::int32_t, std::less<>> stage_by_name;
  // By stage: the first that has the same dependencies under the same rules, itself at the latest.
  std::vector<std::int32_t> alike;
  StageGraph own;              // what its jobs select from
  std::int32_t live_runs = 0;  // that pin it; the engine's
};
std::shared_ptr<Module> make_module(ModuleRow row,
                                    std::shared_ptr<const module::Manifest> manifest);

struct PlannedStage {
  std::shared_ptr<Module> module;
  std::int32_t stage = 0;
  const module::StageSpec& spec() const { return module->manifest->stages[std::size_t(stage)]; }
};

// "pipeline/job", and what it is.
struct FoundJob {
  std::string name;
  const module::JobSpec* spec = nullptr;
  std::shared_ptr<Module> module;
};

struct Catalog {
  std::map<std::string, std::shared_ptr<Module>, std::less<>> modules;      // active, by pipeline
  std::map<std::string, FoundJob, std::less<>> jobs;                        // by "pipeline/job"
  std::multimap<std::string, std::string, std::less<>> jobs_by_short_name;  // to the full ones
  StageGraph all;  // of all of them; empty when there is one alone, whose own it is
  const StageGraph& whole() const {
    return modules.size() == 1 ? modules.begin()->second->own : all;
  }
};
std::shared_ptr<const Catalog> make_catalog(
    std::map<std::string, std::shared_ptr<Module>, std::less<>> modules);

// In topological order, ties in order of declaration. Errors: unknown job or name, bad or empty
// selection.
base::Result<std::vector<PlannedStage>> plan_stages(const Catalog& catalog, const std::string& job,
                                                    const std::string& selection);

// From a full or unique short name.
base::Result<FoundJob> find_job(const Catalog& catalog, const std::string& name);

// Whether each job of a module could be run: a job selects among the stages of its own pipeline, so
// this needs no other module. INVALID_ARGUMENT with the problems, each under the name of its job.
// The manifest must be valid otherwise.
base::Status check_jobs(const std::shared_ptr<const module::Manifest>& manifest);

}  // namespace weir::engine
