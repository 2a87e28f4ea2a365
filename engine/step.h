// One step in progress: the state it changes, the time and facts it was given, the effects it
// gathers. Each family of events has its functions here and its file; they call each other through
// this header only.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "engine/effects.h"
#include "engine/events/events.h"
#include "engine/plan/plan.h"
#include "engine/state.h"

namespace weir::engine {

struct Raised {
  std::int64_t seq = 0;
  Event event;
};

struct Step {
  State& state;
  const base::Now now;
  const std::uint64_t seed;
  const Facts& facts;
  Effects effects;
  std::vector<Raised> events;     // become rows at the end of the step
  std::set<TaskRef> dirty_tasks;  // rows to write at the end of the step
  std::set<RunId> dirty_runs;
  std::set<RunId> recounted;              // whose tasks have changed their states
  std::set<std::string> renewed;          // assets whose freshness is to be looked at
  std::vector<RunId> ended_runs;          // to drop from memory at the end of the step
  std::vector<TaskRef> maybe_up_to_date;  // tasks of runs that pass over what is
  std::size_t reacted = 0;                // events that have had their reactions
  std::vector<RequestedTick> requested;   // for alerts
  bool dispatch = false;                  // a slot or a task has become free
  std::uint64_t drawn = 0;                // random numbers that were made of the seed
};

// ---- helpers (engine.cc, rows.cc) ----
// Whatever a step writes, touches or emits is durable before its messages leave: a batch is lazy
// only when all of its rows came through a function that says so.
void write(Step& step, Record record);
void write_lazy(Step& step, Record record);
void send(Step& step, SessionId to, decltype(Send::message) message);
void reply(Step& step, const RequestInfo& request, base::Status status, ReplyPayload payload = {});
void touch(Step& step, const Run& run);
void touch(Step& step, const Run& run, const Task& task);
void touch_lazy(Step& step, const Run& run, const Task& task);
void emit(Step& step, Event event);
OfRun of_run(const RunRow& run, std::int32_t& run_seq);
OfTask of_task(Run& run, const Task& task);
template <class RunEvent>
void emit_run(Step& step, const RunRow& run, std::int32_t& run_seq, RunEvent event) {
  event.of = of_run(run, run_seq);
  emit(step, std::move(event));
}
template <class TaskEvent>
void emit_task(Step& step, Run& run, const Task& task, TaskEvent event) {
  event.of = of_task(run, task);
  emit(step, std::move(event));
}
// True when the request was answered from a stored reply, or refused because its key was used
// before.
bool answered_before(Step& step, const RequestInfo& request);

std::string who(const std::string& by);  // "somebody" when nobody said

// The next number of the step's seed.
std::uint32_t draw(Step& step);

TaskState state_of(const Task& task);
TaskRow task_row(const Run& run, const Task& task);
RunCountsRow counts_row(const Run& run);
AttemptRow live_attempt_row(const Run& run, const Task& task, const LiveAttempt& attempt);
Partitions::value_type& partition_entry(State& state, AssetPartitionView of);  // made when absent
AssetPartitionRow partition_row(const Partitions::value_type& entry);
const CurrentVersion& current_version(const State& state, AssetPartitionView of);
StagePartition cursor_of(const Run& run, const Task& task);
Run* find_run(State& state, RunId run);
Task* find_task(State& state, const TaskRef& ref);

// ---- definitions.cc ----
void register_modules(Step& step, const RegisterModules& command);
void renew_catalog(State& state);  // after the active modules have changed
void release_module(State& state, const std::shared_ptr<Module>& module);

// ---- admission.cc ----
inline constexpr std::int32_t kQueuedRunSeq = 1;  // a queued run has had one event
// Plans a run and begins it, or leaves it in the queue: it is accepted either way. Needs no
// request. `hold`: it stays in the queue until somebody makes it due.
base::Result<RunId> start_run(Step& step, const RunSpec& spec,
                              QueueReason hold = QueueReason::kNone);
// The runs whose rows the next look into the queue needs.
std::vector<RunId> next_admissions(const State& state);
void admit_runs(Step& step);
void arm_admission(State& state, base::Now now);
void add_to_queue(State& state, const QueuedRun& run, base::Now now);
void end_queued(Step& step, RunRow row);

// ---- runs.cc ----
RunId next_run_id(Step& step);
Run& begin_run(Step& step, Run planned);
void start_if_queued(Step& step, Run& run);  // its first task is under way
void create_run(Step& step, const CreateRun& command);
void cancel_run(Step& step, const CancelRun& command);
void cancel_live(Step& step, Run& run, const std::string& why);
void finish_run_if_done(Step& step, Run& run);
void emit_end(Step& step, const RunRow& run, std::int32_t& run_seq);

// ---- events/react.cc ----
void react(Step& step);

// ---- readiness.cc ----
Decision decide_task(const Run& run, const Task& task);
void count_parent(ParentCounts& set, TaskState end);
void make_ready(Step& step, Run& run, Task& task, std::string reason);
// Ends the task and lets its children know, and theirs.
void end_task(Step& step, Run& run, Task& task, TaskState end, std::string reason);
// A set of parents that has decided, by the end of this one.
struct Decided {
  std::int32_t set = 0;
  std::int32_t parent = 0;
};
// Ends the task and counts it where it is a parent; adds the sets that this decides, without
// acting on it.
void close_task(Step& step, Run& run, Task& task, TaskState end, std::string reason,
                std::vector<Decided>& decided);
// Keeps that the run is done with the partition and why it made no version, unless a newer one was.
// Whether the row has changed.
bool settle(PartitionState& partition, RunId run, std::string missed);

// Remembers the task, which has just become ready, if its run passes over what is up to date.
void consider_passing_over(Step& step, const Run& run, const Task& task);
// Ends those of them that are up to date, without an attempt. Whether there was one.
bool pass_over_up_to_date(Step& step);

// ---- phase.cc ----
// Moves the task to another phase: no other function does.
void enter(Step& step, Run& run, Task& task, Phase next);
// The phases in which the tasks of a new run begin, and its plan: they have no rows yet.
void begin(Step& step, Run& run);
// The executor has it.
void begin_attempt(Step& step, Run& run, Task& task, WallTime at);
// Puts a task that was restored in its phase to where that phase is looked for.
void arrive(State& state, Run& run, Task& task);
// The task, which is in the ready queue, waits until the blocker is free.
void park(Step& step, Run& run, Task& task, Blocker blocker);
// Called when the blocker may have become free.
void wake_next(Step& step, const Blocker& blocker);

// ---- dispatch.cc ----
void dispatch(Step& step);
void release_writer(Step& step, const Run& run, const Task& task);
// Called when the worker's slots, leases, session or readiness to take work have changed.
void index_worker(State& state, Worker& worker);
// The old attempt of an adoptable task, if it has one, can no longer come back: its row is closed.
void give_up_adoptable(Step& step, Run& run, Task& task, std::string_view because);
std::int32_t free_slots(const Worker& worker);
Assign make_assign(const State& state, const Run& run, const Task& task);

// ---- attempts.cc ----
void attempt_started(Step& step, const AttemptStarted& command);
void attempts_progressed(Step& step, const AttemptsProgressed& command);
void attempt_finished(Step& step, const AttemptFinished& command);
void attempt_released(Step& step, const AttemptReleased& command);
// Writes the attempt's outcome and takes its lease away.
void close_attempt(Step& step, Run& run, Task& task, AttemptRow row);
// The versions that the task's assets have are those that it would make: verified now. `took`: what
// finding that out took an attempt.
void keep_versions(Step& step, const Run& run, Task& task, std::optional<std::int64_t> took = {});
// Requeues at the cost of the infrastructure budget, or fails the task when it is spent.
void lose_attempt(Step& step, Run& run, Task& task, OutcomeClass outcome, std::string why);
void stop_attempt(Step& step, Run& run, Task& task, std::string reason);

// ---- workers.cc ----
void connect_worker(Step& step, const ConnectWorker& command);
void disconnect_worker(Step& step, const DisconnectWorker& command);
void heartbeat(Step& step, const Heartbeat& command);
void drain_worker(Step& step, const DrainWorker& command);
Worker* worker_of(Step& step,
                  SessionId session);  // null, and the session is told to close, when unknown
void hold_back(Step& step, Worker& worker);
void arm_lease_timer(Step& step, Worker& worker);
void arm_forget_timer(State& state, Worker& worker, base::Now now);
void forget_worker(Step& step, Worker& worker);
void worker_lease_expired(Step& step, Worker& worker);

// ---- timers.cc ----
void fire_timers(Step& step);

// ---- explain/explain.cc ----
void explain(Step& step, const Explain& command);

}  // namespace weir::engine
