// From a job or selection to the tasks of a run: which stages, in which order, joined by which
// edges, with which inputs pinned. Pure functions of the definitions; whether the run may be
// created, and which versions it pins, is decided by their caller.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/state.h"

namespace weir::engine {

struct PlannedStage {
  Digest module;
  std::int32_t stage = 0;
};

// In topological order, ties in order of declaration. Errors: unknown job or name, bad or empty
// selection.
base::Result<std::vector<PlannedStage>> plan_stages(const State& state, const std::string& job,
                                                    const std::string& selection);

// Whether each job of a module could be run: a job selects among the stages of its own pipeline, so
// this needs no other module. INVALID_ARGUMENT with the problems, each under the name of its job.
// The manifest must be valid otherwise.
base::Status check_jobs(const std::shared_ptr<const Manifest>& manifest);

inline constexpr int kPriorityMax = 1'000'000;  // either way; of a run, a job and a stage each
int bounded_priority(int priority);
// Of the run, its job included, and the stage together: the same whenever it is computed.
std::int32_t task_priority(const RunRow& run, const base::StageSpec& stage);

// The task's place in its run.
std::int32_t index_of(const Run& run, const Task& task);

// Fills the tasks' edges, groups, leaves and input sources. `pin_of` maps an asset to its index in
// the run's pins.
void link_tasks(Run& run, const std::map<std::string, std::int32_t>& pin_of);

// The assets that the run's stages read from outside of it, or read as they were before it, each
// once.
struct OutsideInput {
  std::string asset;
  bool required = false;
  std::string consumer;  // one task that needs it
};
std::vector<OutsideInput> outside_inputs(const Run& run);

// "pipeline/job" from a full or unique short name.
struct FoundJob {
  std::string name;
  const module::JobSpec* spec = nullptr;
  Digest module;
};
base::Result<FoundJob> find_job(const State& state, const std::string& name);

}  // namespace weir::engine
