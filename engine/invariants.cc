// What must hold between steps. Broken: the process ends with the invariant's name and the state
// around it, because a scheduler that goes on with wrong state does more harm than one that stops
// and restores.
#include <algorithm>
#include <string>

#include "base/check.h"
#include "engine/schedules/schedule_step.h"
#include "engine/step.h"
#include "engine/text/format.h"
#include "engine/text/record_text.h"

namespace weir::engine {
namespace {

void hold(bool condition, std::string_view invariant, const Run& run, const Task& task) {
  if (condition) return;
  CHECK_MSG(false, std::string(invariant) + ": " + record_text(task_row(run, task)));
}

void check_lease(const State& state, const Run& run, const Task& task) {
  const auto* leased = std::get_if<Leased>(&task.phase);
  if (leased == nullptr) return;
  const auto worker = state.workers.find(leased->attempt->worker);
  hold(worker != state.workers.end(), "a lease names a known worker", run, task);
  const AttemptKey key{run.row.id, index_of(run, task), task.epoch};
  hold(worker->second.leases.contains(key), "a lease is indexed at its worker", run, task);
  hold(task.epoch > 0, "a leased task has an epoch", run, task);
  for (const auto& output : task.spec->outputs) {
    const auto writer =
        state.writers.find(AssetPartitionView(output.asset, partition_of(run, task)));
    hold(writer != state.writers.end() && writer->second == TaskRef{key.run, key.task},
         "a leased task is the writer of its assets", run, task);
  }
}

void check_ready(const State& state, const Run& run, const Task& task) {
  const auto* ready = std::get_if<Ready>(&task.phase);
  const TaskRef ref{run.row.id, index_of(run, task)};
  if (ready == nullptr) return;
  const ReadyKey key{task.priority, ready->order, ref};
  const bool queued = state.ready.contains({run.row.modules[std::size_t(task.module)]}, key);
  hold(queued == !ready->parked, "a ready task is queued or parked", run, task);
  if (queued) return;
  const auto parked = state.parked.find(*ready->blocker);
  hold(parked != state.parked.end() && parked->second.tasks.contains(key),
       "a parked task is parked at its blocker", run, task);
}

// Nobody waits for what is free, unless somebody was woken to take it.
void check_parked(const State& state) {
  for (const auto& [blocker, parked] : state.parked) {
    const AssetPartitionView of(blocker.subject, blocker.partition);
    const std::string name = of.text();
    CHECK_MSG(!parked.tasks.empty() || parked.woken, "somebody waits for a blocker: " + name);
    CHECK_MSG(parked.woken || state.writers.contains(of),
              "nobody waits for a writer that is not there: " + name);
    if (!parked.woken) continue;
    const auto run = state.runs.find(parked.woken->run);
    CHECK_MSG(run != state.runs.end(), "a task of no live run was woken: " + name);
    const Task& task = run->second.tasks[std::size_t(parked.woken->index)];
    const auto* ready = std::get_if<Ready>(&task.phase);
    hold(ready != nullptr && !ready->parked && ready->blocker && *ready->blocker == blocker,
         "a woken task is in the ready queue", run->second, task);
  }
}

void check_queues(const State& state) {
  std::size_t queued = 0, parked = 0, ready = 0;
  for (const auto& [request, queue] : state.ready.queues()) {
    CHECK_MSG(!queue.empty(), "no queue is empty");
    CHECK_MSG(state.ready.heads().contains(*queue.begin()), "a queue is found by its head");
    queued += queue.size();
  }
  CHECK_MSG(state.ready.heads().size() == state.ready.queues().size(), "a queue has one head");
  for (const auto& [blocker, waiting] : state.parked) parked += waiting.tasks.size();
  for (const auto& [id, run] : state.runs) {
    ready += std::size_t(std::count_if(run.tasks.begin(), run.tasks.end(), [](const Task& task) {
      return std::holds_alternative<Ready>(task.phase);
    }));
  }
  CHECK_MSG(queued + parked == ready, "each ready task waits in one place");
}

// What the counts of a task's parents under a rule must be, by its inputs: what tasks share is not
// asked.
ParentCounts recount(const Run& run, const Task& task, std::size_t rule) {
  ParentCounts counts{.rule = task.spec->rules[rule]};
  for (std::size_t i = 0; i < task.inputs.size(); ++i) {
    const bool joined = task.inputs[i].parent >= 0;
    if (!joined || task.spec->dependencies[i].rule != int(rule)) continue;
    const Task& parent = run.tasks[std::size_t(task.inputs[i].parent)];
    counts.total += 1;
    if (std::holds_alternative<Ended>(parent.phase)) count_parent(counts, state_of(parent));
  }
  return counts;
}

// Counters of parents against a recount, and waiting against what the counters decide.
void check_counters(const Run& run) {
  for (const Task& task : run.tasks) {
    hold(task.parent_sets.size() == task.spec->rules.size(),
         "a task has a set of parents for each rule", run, task);
    for (std::size_t g = 0; g < task.parent_sets.size(); ++g) {
      const ParentCounts& set = run.parent_sets[std::size_t(task.parent_sets[g])];
      hold(set == recount(run, task, g), "the counters of a task's parents are right", run, task);
      const auto children = run.links->children.of(std::size_t(task.parent_sets[g]));
      hold(std::binary_search(children.begin(), children.end(), index_of(run, task)),
           "a task hears when its parents decide", run, task);
    }
    const bool waits = std::holds_alternative<Waiting>(task.phase);
    hold(!waits || decide_task(run, task) == Decision::kWait, "a waiting task has to wait", run,
         task);
  }
}

void check_budgets(const State& state, const Run& run, const Task& task) {
  if (std::holds_alternative<Ended>(task.phase)) return;
  hold(task.author_budget_used < std::max(1, task.spec->retry.max_attempts),
       "a live task has attempts left", run, task);
  hold(task.infrastructure_budget_used < state.options.infrastructure_attempts_max,
       "a live task has infrastructure attempts left", run, task);
  hold(task.outputs.empty(), "a live task has no outputs", run, task);
}

void check_run(const State& state, const Run& run) {
  CHECK_MSG(!terminal(run.row.state), "a finished run is not resident: " + record_text(run.row));
  const auto unfinished = std::count_if(run.tasks.begin(), run.tasks.end(), [](const Task& task) {
    return !std::holds_alternative<Ended>(task.phase);
  });
  CHECK_MSG(unfinished == run.unfinished && unfinished > 0,
            "a live run counts its unfinished tasks: " + record_text(run.row));
  std::array<std::int32_t, kTaskStates> counts{};
  for (const Task& task : run.tasks) counts[std::size_t(state_of(task))] += 1;
  CHECK_MSG(counts == run.counts, "a run counts its tasks by state: " + record_text(run.row));
  for (const Task& task : run.tasks) {
    check_lease(state, run, task);
    check_ready(state, run, task);
    check_budgets(state, run, task);
    const bool free = run.row.state != RunState::kCanceling ||
                      std::holds_alternative<Leased>(task.phase) ||
                      std::holds_alternative<Ended>(task.phase);
    hold(free, "a run that is being canceled has only leased tasks left", run, task);
  }
  check_counters(run);
}

void check_worker(const State& state, const Worker& worker) {
  for (const AttemptKey& key : worker.leases) {
    const auto run = state.runs.find(key.run);
    const bool known = run != state.runs.end() && std::size_t(key.task) < run->second.tasks.size();
    CHECK_MSG(known, "a slot is held by an attempt of no live run: " + to_text(key));
    const Task& task = run->second.tasks[std::size_t(key.task)];
    const auto* leased = std::get_if<Leased>(&task.phase);
    hold(leased != nullptr && task.epoch == key.epoch && leased->attempt->worker == worker.row.id,
         "a slot is held by a live lease", run->second, task);
  }
  if (!worker.session) return;
  const auto session = state.sessions.find(worker.session);
  CHECK_MSG(session != state.sessions.end() && session->second == worker.row.id,
            "a connected worker's session is known: " + worker.row.id);
}

void check_room(const State& state, const Worker& worker) {
  const bool takes = worker.session && !worker.row.draining && !worker.holds_back;
  const std::int32_t free = free_slots(worker);
  CHECK_MSG(!worker.room || takes, "a worker with room takes work: " + worker.row.id);
  CHECK_MSG(!takes || free <= 0 || worker.room == free,
            "a worker with free slots is known to have them: " + worker.row.id);
  CHECK_MSG(!worker.room || state.room.contains({*worker.room, worker.row.id}),
            "a worker is found by its room: " + worker.row.id);
  CHECK_MSG((worker.session && free < 0) == state.overfull.contains(worker.row.id),
            "a worker with more leases than slots is known: " + worker.row.id);
}

}  // namespace

void Engine::check_invariants() const {
  const State& state = *state_;
  for (const auto& [id, run] : state.runs) check_run(state, run);
  std::int64_t resident = 0;
  for (const auto& [id, run] : state.runs) resident += run.row.task_count;
  CHECK_MSG(resident == state.resident_tasks, "the tasks of live runs are counted");
  for (const auto& [id, worker] : state.workers) {
    check_worker(state, worker);
    check_room(state, worker);
  }
  check_queues(state);
  check_parked(state);
  for (const auto& [of, writer] : state.writers) {
    CHECK_MSG(state.runs.contains(writer.run),
              "an asset's writer is live: " + AssetPartitionView(of).text());
  }
  for (const auto& [id, queued] : state.queue.runs()) {
    CHECK_MSG(!state.runs.contains(id), "a queued run is not planned: " + id.text());
  }
  CHECK_MSG(next_admissions(state).empty() || state.admission_timer,
            "who waits for room is let in when there is some");
  check_schedules(state);
  for (const auto& [pipeline, digest] : state.active) {
    CHECK_MSG(state.modules.contains(digest), "an active module is resident: " + pipeline);
  }
}

}  // namespace weir::engine
