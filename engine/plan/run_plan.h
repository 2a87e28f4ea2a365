// Which tasks a run has, as its row keeps it: a task has a row of its own only from its first
// change on, and until then it is what the plan says. Pure values, safe from any thread: the
// engine's restore, readers of the tables and audits ask here, so that all see the same task.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/records.h"

namespace weir::engine {

// Stages that follow each other in a module, as tasks that follow each other in the run.
struct PlannedStages {
  std::int32_t module = 0;  // index into RunRow::modules
  std::int32_t stage = 0;   // the first
  std::int32_t count = 0;
  bool ready = false;  // since the run was created
};

class RunPlan {
 public:
  // The empty plan, of a run whose tasks all have rows.
  RunPlan() = default;
  // DATA_LOSS when the row's plan does not give its number of tasks.
  static base::Result<RunPlan> of(const RunRow& run);

  // The next task of the run.
  void add(std::int32_t module, std::int32_t stage, bool ready);
  // For RunRow::plan.
  std::string text() const;
  // Whether all its stages are there, given how many each of the run's modules has.
  bool fits(const std::vector<std::int32_t>& stages) const;

  bool empty() const { return parts_.empty(); }
  std::int32_t size() const { return size_; }
  // The task as it began, without its name, which is in the module's manifest. Within size().
  TaskRow task(const RunRow& run, std::int32_t index) const;

 private:
  struct Part {
    PlannedStages stages;
    std::int32_t first = 0;         // index of its first task
    std::int32_t ready_before = 0;  // tasks of the parts before it that were ready at once
  };
  void append(const PlannedStages& stages);

  std::vector<Part> parts_;
  std::int32_t size_ = 0;
};

}  // namespace weir::engine
