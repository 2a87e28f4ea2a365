// Event-driven readiness: the end of a task changes its children's counters, and what the counters
// decide happens at once, breadth first and without recursion. Part of Engine's step. Nothing scans
// unfinished tasks.
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "engine/step.h"
#include "engine/versions/basis.h"

namespace weir::engine {
// The strictest decision of a task's rules: a failure settles it, any that waits delays it, for
// its failure would outrank what another rule skips.
Decision decide_task(const Run& run, const Task& task) {
  bool waits = false, skips = false;
  for (const std::int32_t set : task.parent_sets) {
    switch (decide(run.parent_sets[std::size_t(set)])) {
      case Decision::kUpstreamFailed:
        return Decision::kUpstreamFailed;
      case Decision::kSkip:
        skips = true;
        break;
      case Decision::kWait:
        waits = true;
        break;
      case Decision::kFire:
        break;
    }
  }
  if (waits) return Decision::kWait;
  return skips ? Decision::kSkip : Decision::kFire;
}

void count_parent(ParentCounts& parents, TaskState end) {
  switch (end) {
    case TaskState::kSucceeded:
    case TaskState::kCached:
      parents.succeeded += 1;
      return;
    case TaskState::kSkipped:
      parents.skipped += 1;
      return;
    case TaskState::kFailed:
      parents.failed += 1;
      return;
    case TaskState::kUpstreamFailed:
    case TaskState::kCanceled:
      parents.upstream_failed += 1;
      return;
    default:
      CHECK_MSG(false, "a parent that has not ended was counted");
  }
}

namespace {

std::string because_of(const Task& parent, TaskState end) {
  std::string text = parent.spec->name + " " + std::string(task_state_name(end));
  if (end == TaskState::kSkipped && !parent.reason.empty()) text += ": " + parent.reason;
  return text;
}

constexpr std::size_t kMissedBytesMax = 500;  // of a reason: rows of assets are read all at once

// What is left of the task for those who ask why there is no newer version: its run will be gone
// from memory.
void settle_missed(Step& step, const Run& run, const Task& task, TaskState end) {
  if (end == TaskState::kSucceeded || end == TaskState::kCached) return;
  std::string missed = task.spec->name + " " + std::string(task_state_name(end));
  const std::string_view line = std::string_view(task.reason).substr(0, task.reason.find('\n'));
  if (!line.empty()) missed += ": " + base::cut_utf8(line, kMissedBytesMax);
  for (const auto& output : task.spec->outputs) {
    auto& partition = partition_entry(step.state, {output.asset, partition_of(run, task)});
    if (settle(partition.second, run.row.id, missed)) write(step, partition_row(partition));
  }
}

}  // namespace

bool settle(PartitionState& partition, RunId run, std::string missed) {
  if (run < partition.settled_by) return false;
  partition.settled_by = run;
  partition.missed = std::move(missed);
  return true;
}

void make_ready(Step& step, Run& run, Task& task, std::string reason) {
  task.reason = std::move(reason);
  task.ready_at = step.now.wall;
  Ready ready;
  ready.order = ++step.state.last_order;
  enter(step, run, task, std::move(ready));
  consider_passing_over(step, run, task);
}

void close_task(Step& step, Run& run, Task& task, TaskState end, std::string reason,
                std::vector<Decided>& decided) {
  give_up_adoptable(step, run, task, "the task ended");
  enter(step, run, task, Ended{end});
  task.reason = std::move(reason);
  task.finished_at = step.now.wall;
  for (const std::int32_t g : task.counted_in) {
    ParentCounts& set = run.parent_sets[std::size_t(g)];
    const bool waited = decide(set) == Decision::kWait;
    count_parent(set, end);
    if (waited && decide(set) != Decision::kWait) decided.push_back({g, index_of(run, task)});
  }
  release_writer(step, run, task);
  settle_missed(step, run, task, end);
  emit_task(step, run, task, TaskFinished{end, task.reason});
}

void end_task(Step& step, Run& run, Task& task, TaskState end, std::string reason) {
  // Breadth first with an explicit list: a chain of 100,000 skips must not use the stack. Children
  // are looked at when a set of their parents decides and not at the end of each parent: a set
  // decides once.
  std::vector<Decided> decided;
  close_task(step, run, task, end, std::move(reason), decided);
  for (std::size_t i = 0; i < decided.size(); ++i) {
    const Task& parent = run.tasks[std::size_t(decided[i].parent)];
    const TaskState parent_end = state_of(parent);
    for (const std::int32_t index : run.links->children.of(std::size_t(decided[i].set))) {
      Task& child = run.tasks[std::size_t(index)];
      if (!std::holds_alternative<Waiting>(child.phase)) continue;
      const Decision decision = decide_task(run, child);
      if (decision == Decision::kWait) continue;
      if (decision == Decision::kFire) {
        make_ready(step, run, child, "");
        continue;
      }
      const bool skip = decision == Decision::kSkip;
      close_task(step, run, child, skip ? TaskState::kSkipped : TaskState::kUpstreamFailed,
                 because_of(parent, parent_end), decided);
    }
  }
  finish_run_if_done(step, run);
}

void consider_passing_over(Step& step, const Run& run, const Task& task) {
  // Refreshes ask for what is stale; others for their tasks to run.
  const bool asks = run.row.origin.kind == OriginKind::kFreshness && task.epoch == 0;
  if (asks && !task.spec->outputs.empty()) {
    step.maybe_up_to_date.push_back({run.row.id, index_of(run, task)});
  }
}

bool pass_over_up_to_date(Step& step) {
  bool passed = false;
  // Whoever is passed over may make its children ready, which then stand at the end of the list.
  for (std::size_t i = 0; i < step.maybe_up_to_date.size(); ++i) {
    const TaskRef ref = step.maybe_up_to_date[i];
    Run* run = find_run(step.state, ref.run);
    Task* task = find_task(step.state, ref);
    if (task == nullptr || !std::holds_alternative<Ready>(task->phase)) continue;
    if (!up_to_date(step.state, *run, *task)) continue;
    passed = true;
    start_if_queued(step, *run);
    task->outputs.clear();
    keep_versions(step, *run, *task);
    end_task(step, *run, *task, TaskState::kCached, "up to date");
  }
  step.maybe_up_to_date.clear();
  return passed;
}

}  // namespace weir::engine
