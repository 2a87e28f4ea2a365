// Workers come, beat, go and come back. Their set of attempts and ours are compared at every
// contact; the difference is sent again, adopted, or stopped. Part of Engine's step. A session that
// ends takes no attempt with it: an attempt is lost with its lease, or when its worker returns
// without it.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/planted.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;

constexpr auto kForgetWaitMin = std::chrono::hours(1);  // between two looks at a worker

bool leased_to(const Task& task, const Worker& worker, const AttemptKey& key) {
  const auto* leased = std::get_if<Leased>(&task.phase);
  return leased != nullptr && task.epoch == key.epoch && leased->attempt->worker == worker.row.id;
}

// The lease had expired and nobody else was given the task: the attempt goes on under its old
// epoch.
bool adopt(Step& step, Worker& worker, const AttemptKey& key) {
  Task* task = find_task(step.state, {key.run, key.task});
  if (task == nullptr) return false;
  if (task->epoch != key.epoch && !PLANTED(kAdoptedOtherEpoch)) return false;
  auto* ready = std::get_if<Ready>(&task->phase);
  if (ready == nullptr || !ready->adoptable) return false;
  if (ready->adoptable->worker != worker.row.id && !PLANTED(kAdoptedOtherEpoch)) return false;
  Run& run = *find_run(step.state, key.run);
  std::unique_ptr<LiveAttempt> attempt = std::move(ready->adoptable);
  enter(step, run, *task,
        Leased{.attempt = std::move(attempt),
               .leased_boot = step.now.boot,
               .stop_deadline = {},
               .revoking = false,
               .sent_again = false});
  task->infrastructure_budget_used -= 1;  // charged when the lease expired
  task->reason.clear();
  emit_task(step, run, *task, TaskAssigned{worker.row.name, true});
  return true;
}

// What the worker holds and we did not lease to it is adopted or stopped.
void reconcile_held(Step& step, Worker& worker, const std::vector<AttemptKey>& held) {
  for (const AttemptKey& key : held) {
    const Task* task = find_task(step.state, {key.run, key.task});
    if (task != nullptr && leased_to(*task, worker, key)) {
      const auto& leased = std::get<Leased>(task->phase);
      if (leased.stop_deadline) send(step, worker.session, Stop{key, "canceled"});
      continue;
    }
    if (adopt(step, worker, key)) continue;
    send(step, worker.session, Stop{key, "the attempt is no longer wanted"});
  }
}

enum class Contact { kConnect, kHeartbeat };

// Sends what the worker should have and does not.
void send_again(Step& step, const Worker& worker, const Run& run, const Task& task,
                Leased& leased) {
  leased.leased_boot = step.now.boot;
  send(step, worker.session, make_assign(step.state, run, task));
  if (leased.stop_deadline) {
    send(step, worker.session, Stop{{run.row.id, index_of(run, task), task.epoch}, "canceled"});
  }
}

// What we leased to the worker and it does not hold: lost with a message, or with an earlier
// process. One that never started is sent again under its lease, once: the worker may have died of
// it.
void reconcile_leases(Step& step, Worker& worker, const std::vector<AttemptKey>& held,
                      Contact contact) {
  const std::set<AttemptKey> known(held.begin(), held.end());
  const std::set<AttemptKey> leases = worker.leases;
  for (const AttemptKey& key : leases) {
    if (known.contains(key)) continue;
    Task& task = *find_task(step.state, {key.run, key.task});
    Run& run = *find_run(step.state, key.run);
    auto& leased = std::get<Leased>(task.phase);
    if (contact == Contact::kHeartbeat) {
      // A lease younger than a heartbeat may have crossed it on the way.
      if (step.now.boot - leased.leased_boot < step.state.options.heartbeat) continue;
      send_again(step, worker, run, task, leased);
      continue;
    }
    if (!leased.attempt->started_at && !std::exchange(leased.sent_again, true)) {
      send_again(step, worker, run, task, leased);
      continue;
    }
    AttemptRow row = live_attempt_row(run, task, *leased.attempt);
    row.outcome = OutcomeClass::kWorkerLost;
    row.message = "worker " + worker.row.name + " came back without the attempt";
    row.finished_at = step.now.wall;
    const std::string why = row.message;
    close_attempt(step, run, task, std::move(row));
    lose_attempt(step, run, task, OutcomeClass::kWorkerLost, why);
  }
}

void renew(Step& step, Worker& worker) {
  worker.lease_until = step.now.boot + step.state.options.lease;
  worker.row.last_seen = step.now.wall;
  arm_lease_timer(step, worker);
}

void expire_lease(Step& step, const Worker& worker, const AttemptKey& key) {
  Run& run = *find_run(step.state, key.run);
  Task& task = *find_task(step.state, {key.run, key.task});
  LiveAttempt attempt = *std::get<Leased>(task.phase).attempt;
  const std::string why =
      "worker " + worker.row.name + " was not heard from for " +
      std::to_string(
          std::chrono::duration_cast<std::chrono::seconds>(step.state.options.lease).count()) +
      " s";
  const bool spent =
      task.infrastructure_budget_used + 1 >= step.state.options.infrastructure_attempts_max;
  if (spent || run.row.state == RunState::kCanceling) {
    AttemptRow row = live_attempt_row(run, task, attempt);
    row.outcome = OutcomeClass::kWorkerLost;
    row.message = why;
    row.finished_at = step.now.wall;
    close_attempt(step, run, task, std::move(row));
    return lose_attempt(step, run, task, OutcomeClass::kWorkerLost, why + "; it is fenced");
  }
  task.infrastructure_budget_used += 1;
  emit_task(step, run, task, TaskRetry{true, why});
  make_ready(step, run, task, why);
  std::get<Ready>(task.phase).adoptable = std::make_unique<LiveAttempt>(std::move(attempt));
}

void end_session(Step& step, Worker& worker) {
  worker.session = {};
  worker.mean_us = 0;
  index_worker(step.state, worker);
  arm_forget_timer(step.state, worker, step.now);
}

// Whether an attempt names the worker that it may still come back with.
bool is_awaited(const State& state, const Worker& worker) {
  for (const auto& [id, run] : state.runs) {
    for (const Task& task : run.tasks) {
      const auto* ready = std::get_if<Ready>(&task.phase);
      if (ready == nullptr || !ready->adoptable) continue;
      if (ready->adoptable->worker == worker.row.id) return true;
    }
  }
  return false;
}

}  // namespace

Worker* worker_of(Step& step, SessionId session) {
  const auto found = step.state.sessions.find(session);
  if (found != step.state.sessions.end()) return &step.state.workers.at(found->second);
  send(step, session,
       CloseSession{Status(Code::kAborted, base::kErrWorkerReplaced,
                           "this session is not known to the scheduler; connect again")});
  return nullptr;
}

void arm_lease_timer(Step& step, Worker& worker) {
  if (worker.lease_timer) return;
  worker.lease_timer = true;
  step.state.timers.push({worker.lease_until, TimerKind::kWorkerLease, worker.row.id, {}});
}

void hold_back(Step& step, Worker& worker) {
  worker.holds_back = true;
  index_worker(step.state, worker);
}

void arm_forget_timer(State& state, Worker& worker, base::Now now) {
  if (worker.forget_timer) return;
  worker.forget_timer = true;
  const Duration after = state.options.worker_forgotten_after;
  const Duration unseen =
      std::clamp<Duration>(now.wall - worker.row.last_seen, Duration::zero(), after);
  const Duration wait = std::max<Duration>(after - unseen, kForgetWaitMin);
  state.timers.push({now.boot + wait, TimerKind::kForgetWorker, worker.row.id, {}});
}

void forget_worker(Step& step, Worker& worker) {
  worker.forget_timer = false;
  if (worker.session) return;  // armed again when it goes
  const Duration unseen = step.now.wall - worker.row.last_seen;
  const bool due = unseen >= step.state.options.worker_forgotten_after;
  if (!due || !worker.leases.empty() || is_awaited(step.state, worker)) {
    return arm_forget_timer(step.state, worker, step.now);
  }
  emit(step, WorkerForgotten{worker.row.name});
  worker.row.forgotten = true;
  write(step, worker.row);
  const std::string id = worker.row.id;
  step.state.workers.erase(id);
}

void connect_worker(Step& step, const ConnectWorker& command) {
  Worker& worker = step.state.workers[command.worker.id];
  const bool returns = !worker.row.id.empty();
  if (worker.session) {
    send(step, worker.session,
         CloseSession{Status(Code::kAborted, base::kErrWorkerReplaced,
                             "worker '" + command.worker.id +
                                 "' connected again from another process; give each worker a data "
                                 "directory of its own")});
    step.state.sessions.erase(worker.session);
  }
  worker.session = command.session;
  worker.holds_back = false;
  worker.cannot_load.clear();
  worker.seen = true;
  step.state.sessions[command.session] = command.worker.id;
  worker.row.id = command.worker.id;
  worker.row.name = command.worker.name;
  worker.row.slots = command.worker.slots;
  worker.row.traits = command.worker.traits;
  worker.prefetch = command.worker.prefetch;
  index_worker(step.state, worker);
  renew(step, worker);
  write(step, worker.row);
  emit(step, WorkerConnected{worker.row.name, worker.row.slots});
  const auto ms = [](Duration d) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  };
  send(step, command.session,
       Welcome{ms(step.state.options.lease), ms(step.state.options.heartbeat)});
  // A worker begins a session as one that is not drained.
  if (worker.row.draining) send(step, command.session, SetDraining{true});
  reconcile_held(step, worker, command.held);
  reconcile_leases(step, worker, command.held, Contact::kConnect);
  step.dispatch = !(returns && PLANTED(kWakeUpLost));
}

void disconnect_worker(Step& step, const DisconnectWorker& command) {
  const auto found = step.state.sessions.find(command.session);
  if (found == step.state.sessions.end()) return;  // replaced before
  Worker& worker = step.state.workers.at(found->second);
  step.state.sessions.erase(found);
  end_session(step, worker);
  step.dispatch = true;  // what waited for a worker that is better for it
}

void heartbeat(Step& step, const Heartbeat& command) {
  Worker* worker = worker_of(step, command.session);
  if (worker == nullptr) return;
  renew(step, *worker);
  write_lazy(step, worker->row);
  if (std::exchange(worker->holds_back, command.leaving) && !command.leaving) {
    // It gave work back as if it were draining: it may have missed that it is not.
    send(step, command.session, SetDraining{worker->row.draining});
    step.dispatch = true;
  }
  index_worker(step.state, *worker);
  reconcile_held(step, *worker, command.held);
  reconcile_leases(step, *worker, command.held, Contact::kHeartbeat);
}

void drain_worker(Step& step, const DrainWorker& command) {
  if (answered_before(step, command.request)) return;
  for (auto& [id, worker] : step.state.workers) {
    if (id != command.worker && worker.row.name != command.worker) continue;
    worker.row.draining = command.drain;
    worker.holds_back = false;
    index_worker(step.state, worker);
    write(step, worker.row);
    emit(step, WorkerDraining{worker.row.name, command.drain});
    send(step, worker.session, SetDraining{command.drain});
    step.dispatch = true;
    return reply(step, command.request, {});
  }
  reply(step, command.request,
        Status(Code::kNotFound, base::kErrUnknownWorker,
               "no worker has the id or name '" + command.worker +
                   "'; `weir workers list` shows them"));
}

void worker_lease_expired(Step& step, Worker& worker) {
  if (worker.session) {
    send(step, worker.session,
         CloseSession{Status(Code::kDeadlineExceeded, base::kErrStale,
                             "no heartbeat arrived within the lease; connect again")});
    step.state.sessions.erase(worker.session);
  }
  end_session(step, worker);
  const std::set<AttemptKey> leases = worker.leases;
  // After a restart nobody knows whether a worker without leases was lost before.
  if (worker.seen || !leases.empty()) {
    emit(step, WorkerLost{worker.row.name, std::ssize(leases)});
  }
  worker.seen = false;
  for (const AttemptKey& key : leases) expire_lease(step, worker, key);
}

}  // namespace weir::engine
