// From the ready queues to leases: highest priority first, to the worker with the most free slots;
// partitions of assets have one live writer, and whoever must wait for it is parked, not scanned
// again. Also the index of workers with room. Part of Engine's step, once at its end; it must not
// decide whether a task is ready, only who gets it.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

constexpr double kPrefetchHorizonUs = 20'000;  // lease no more ahead than this much work
constexpr auto kPrefetchPatience = std::chrono::milliseconds(250);

bool takes_work(const Worker& worker) {
  return worker.session && !worker.row.draining && !worker.holds_back;
}

// How many leases beyond its slots a worker is given: as many short attempts as it gets through
// within the horizon, so that its executors never wait for a commit; none while attempts are long
// or unknown.
std::int32_t prefetch_of(const Worker& worker) {
  if (worker.mean_us <= 0) return 0;
  const double ahead = kPrefetchHorizonUs * worker.row.slots / worker.mean_us;
  return std::int32_t(std::min<double>(worker.prefetch, ahead));
}

bool could_load(const Worker& worker, const Digest& module) {
  return !worker.cannot_load.contains(module);
}

// The worker with the most free slots; when none is free, the one with the most room for prefetched
// leases. One that could not load the module gets it again only when no other takes work.
Worker* pick_worker(State& state, const Request& request) {
  for (const Room& room : state.room) {
    Worker& worker = state.workers.at(room.worker);
    if (could_load(worker, request.module)) return &worker;
  }
  if (state.room.empty()) return nullptr;
  const bool choice = std::any_of(state.workers.begin(), state.workers.end(), [&](const auto& its) {
    return takes_work(its.second) && could_load(its.second, request.module);
  });
  return choice ? nullptr : &state.workers.at(state.room.begin()->worker);
}

// Takes all that the task writes at once, or nothing: the first asset that another task writes is
// returned.
const std::string* claim_outputs(State& state, const Run& run, const Task& task) {
  const TaskRef ref{run.row.id, index_of(run, task)};
  const std::string& partition = partition_of(run, task);
  for (const auto& output : task.spec->outputs) {
    const auto writer = state.writers.find(AssetPartitionView(output.asset, partition));
    if (writer != state.writers.end() && writer->second != ref) return &output.asset;
  }
  for (const auto& output : task.spec->outputs) {
    state.writers.try_emplace({output.asset, partition}, ref);
  }
  return nullptr;
}

void lease(Step& step, Run& run, Task& task, Worker& worker) {
  give_up_adoptable(step, run, task, "the task was leased again");
  if (!PLANTED(kEpochReused) || task.epoch == 0) task.epoch += 1;
  task.started_at.reset();
  task.reason.clear();
  Leased leased;
  leased.attempt = std::make_unique<LiveAttempt>(LiveAttempt{.worker = worker.row.id,
                                                             .leased_at = step.now.wall,
                                                             .started_at = {},
                                                             .progress = {},
                                                             .progress_at = {}});
  leased.leased_boot = step.now.boot;
  write(step, live_attempt_row(run, task, *leased.attempt));
  enter(step, run, task, std::move(leased));
  start_if_queued(step, run);
  emit_task(step, run, task, TaskAssigned{worker.row.name});
  send(step, worker.session, make_assign(step.state, run, task));
}

// A free worker asks for what lies unstarted on a busy one.
void revoke_prefetched(Step& step) {
  if (step.state.overfull.empty()) return;
  std::int32_t wanted = 0;
  for (const Room& room : step.state.room) {
    if (room.free <= 0) break;
    wanted += room.free;
  }
  for (const std::string& id : step.state.overfull) {
    const Worker& worker = step.state.workers.at(id);
    std::int32_t surplus = -free_slots(worker);
    if (wanted <= 0) return;
    for (auto key = worker.leases.rbegin(); key != worker.leases.rend(); ++key) {
      if (wanted <= 0 || surplus <= 0) break;
      Task* task = find_task(step.state, {key->run, key->task});
      auto* leased = task == nullptr ? nullptr : std::get_if<Leased>(&task->phase);
      if (leased == nullptr || leased->attempt->started_at) continue;
      if (step.now.boot - leased->leased_boot < kPrefetchPatience) continue;
      // One that was asked for before counts too: its answer is on the way.
      if (!std::exchange(leased->revoking, true)) send(step, worker.session, Revoke{*key});
      --wanted;
      --surplus;
    }
  }
}

void arm_prefetch_timer(Step& step, Worker& worker) {
  if (worker.prefetch_timer || free_slots(worker) >= 0) return;
  worker.prefetch_timer = true;
  step.state.timers.push(
      {step.now.boot + kPrefetchPatience, TimerKind::kPrefetch, worker.row.id, {}});
}

InputRef input_from_parent(const Run& run, const InputSource& source) {
  const Task& parent = run.tasks[std::size_t(source.parent)];
  InputRef input;
  input.state = state_of(parent);
  input.reason = parent.reason;
  input.partition = partition_of(run, parent);
  const bool has_value = source.output >= 0 && std::size_t(source.output) < parent.outputs.size();
  if (has_value && parent.outputs[std::size_t(source.output)].value.digest) {
    input.present = true;
    input.value = parent.outputs[std::size_t(source.output)].value;
  }
  return input;
}

InputRef input_from_version(std::int64_t materialization, const ValueRef& value,
                            const std::string& partition) {
  InputRef input;
  input.partition = partition;
  input.present = materialization != 0;
  input.state = input.present ? TaskState::kSucceeded : TaskState::kWaiting;
  input.reason = input.present ? "" : "never materialized";
  input.value = value;
  return input;
}

InputRef make_input(const State& state, const Run& run, const Task& task, std::size_t i) {
  const InputSource& source = task.inputs[i];
  if (source.parent >= 0) return input_from_parent(run, source);
  if (source.pin >= 0) {
    const AssetVersion& pin = run.row.pins[std::size_t(source.pin)];
    return input_from_version(pin.materialization, pin.value, pin.of.partition);
  }
  if (task.spec->dependencies[i].kind == module::DependencyKind::kSelfPrevious) {
    const std::string& partition = partition_of(run, task);
    const auto& current = current_version(state, {task.spec->outputs.front().asset, partition});
    return input_from_version(current.materialization, current.value, partition);
  }
  return {};
}

}  // namespace

void give_up_adoptable(Step& step, Run& run, Task& task, std::string_view because) {
  auto* ready = std::get_if<Ready>(&task.phase);
  if (ready == nullptr || !ready->adoptable) return;
  AttemptRow row = live_attempt_row(run, task, *ready->adoptable);
  row.outcome = OutcomeClass::kWorkerLost;
  row.message = "worker " + row.worker + " did not come back before " + std::string(because);
  row.finished_at = step.now.wall;
  ready->adoptable.reset();
  write(step, std::move(row));
}

std::int32_t free_slots(const Worker& worker) {
  return worker.row.slots - std::int32_t(worker.leases.size());
}

Assign make_assign(const State& state, const Run& run, const Task& task) {
  const Module& module = *run.modules[std::size_t(task.module)];
  Assign assign;
  assign.key = {run.row.id, index_of(run, task), task.epoch};
  assign.task = task.spec->name;
  assign.job = run.row.job;
  assign.pipeline = module.manifest->pipeline;
  assign.module = module.row.digest;
  assign.stage = task.stage;
  assign.partition = partition_of(run, task);
  bool takes_cursor = false;
  for (std::size_t i = 0; i < task.inputs.size(); ++i) {
    assign.inputs.push_back(make_input(state, run, task, i));
    const auto kind = task.spec->dependencies[i].kind;
    takes_cursor = takes_cursor || kind == module::DependencyKind::kCursor;
    if (kind == module::DependencyKind::kScheduledTime) {
      assign.scheduled_at = run.row.origin.nominal.value_or(run.row.created_at);
    }
  }
  assign.params = run.row.params;
  const auto cursor = takes_cursor ? state.cursors.find(cursor_of(run, task)) : state.cursors.end();
  if (cursor != state.cursors.end()) {
    assign.cursor_version = cursor->second.version;
    assign.cursor.digest = cursor->second.value;
  }
  assign.timeout_ms = task.spec->timeout_ms;
  assign.try_number = task.author_budget_used + 1;
  return assign;
}

void index_worker(State& state, Worker& worker) {
  const std::int32_t free = free_slots(worker);
  std::optional<std::int32_t> room;
  if (takes_work(worker) && (free > 0 || free + prefetch_of(worker) > 0)) room = free;
  if (room != worker.room) {
    if (worker.room) state.room.erase({*worker.room, worker.row.id});
    if (room) state.room.insert({*room, worker.row.id});
    worker.room = room;
  }
  if (free < 0 && worker.session) {
    state.overfull.insert(worker.row.id);
  } else if (!state.overfull.empty()) {
    state.overfull.erase(worker.row.id);
  }
}

void dispatch(Step& step) {
  State& state = step.state;
  std::set<Request> without_worker;  // others may fit
  auto next = state.ready.heads().begin();
  while (next != state.ready.heads().end() && !state.room.empty()) {
    if (without_worker.contains(*next->second)) {
      ++next;
      continue;
    }
    const TaskRef ref = next->first.task;
    Run* run = find_run(state, ref.run);
    CHECK_MSG(run != nullptr, "a task of no live run is in the ready queue");
    Task& task = run->tasks[std::size_t(ref.index)];
    Worker* worker = pick_worker(state, *next->second);
    if (worker == nullptr) {
      without_worker.insert(*next->second);
      continue;
    }
    if (const std::string* busy = claim_outputs(state, *run, task)) {
      park(step, *run, task, {Blocker::Kind::kWriter, *busy, partition_of(*run, task)});
    } else {
      lease(step, *run, task, *worker);
      arm_prefetch_timer(step, *worker);
    }
    next = state.ready.heads().begin();  // whoever was woken may go first
  }
  if (state.workers.size() > 1) revoke_prefetched(step);
}

void release_writer(Step& step, const Run& run, const Task& task) {
  const TaskRef ref{run.row.id, index_of(run, task)};
  const std::string& partition = partition_of(run, task);
  for (const auto& output : task.spec->outputs) {
    const auto writer = step.state.writers.find(AssetPartitionView(output.asset, partition));
    if (writer == step.state.writers.end() || writer->second != ref) continue;
    step.state.writers.erase(writer);
    wake_next(step, {Blocker::Kind::kWriter, output.asset, partition});
  }
}

}  // namespace weir::engine
