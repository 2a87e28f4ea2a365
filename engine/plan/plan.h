// From what is asked for to the tasks of a run: which stages, in which order, joined by which
// edges, reading what. Pure functions of definitions and rows, safe from any thread; whether the
// run may begin, and which versions it pins, is decided by their caller.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/plan/catalog.h"
#include "engine/state.h"

namespace weir::engine {

inline constexpr int kPriorityMax = 1'000'000;  // either way; of a run, a job and a stage each
int bounded_priority(int priority);
// Of the run, its job included, and the stage together: the same whenever it is computed.
std::int32_t task_priority(const RunRow& run, const module::StageSpec& stage);

// The task's place in its run.
std::int32_t index_of(const Run& run, const Task& task);

// Which partition the task writes, reads and keeps its cursor for: its run's.
const std::string& partition_of(const Run& run, const Task& task);

// Finds the first of a run's tasks whose stages take the same, in the run's one partition: what
// holds of its dependencies holds of all that are alike, and is found out once. The run must
// outlive it.
class AlikeTasks {
 public:
  explicit AlikeTasks(const Run& run);
  // The index of the first that is like the task; to be asked for all tasks, in their order.
  std::int32_t first(const Task& task);

 private:
  const Run& run_;
  std::vector<std::vector<std::int32_t>> first_;  // by module and stage; -1: none yet
};

// Fills the tasks' sets of parents, leaves and input sources. The run's pins must be there; what it
// has in common with a live run of the same plan is shared with it.
void link_tasks(State& state, Run& run);

// The assets that the run's stages read from outside of it, or read as they were before it, each
// once.
struct OutsideInput {
  AssetPartition of;
  bool required = false;
  std::string consumer;  // one task that needs it
};
std::vector<OutsideInput> outside_inputs(const Run& run);

// What planning reads: the definitions, and what there is of assets as of now.
struct PlanView {
  const Catalog& catalog;
  // Null when there is none of that name.
  std::function<const AssetRow*(const std::string& name)> asset;
  std::function<bool(const AssetPartition& of)> has_version;
  std::int32_t tasks_max = 0;
  std::int64_t records_max = 0;
};

// What is asked for as a row, without an id.
base::Result<RunRow> run_row(const Catalog& catalog, const RunSpec& spec);
// The row with its modules and tasks, or why it cannot be run now; nothing is pinned and linked
// yet.
base::Result<Run> plan_tasks(const PlanView& view, RunRow row);

}  // namespace weir::engine
