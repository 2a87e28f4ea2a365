// One simulated worker, its executors: see worker_node.h. They live outside of the agent, which
// hears of them when it is awake, and end with the machine. The supervisor ends those with side
// effects at the end of the lease by itself. On the simulation's one thread, in virtual time.
#include <utility>

#include "tests/simulation/worker_node.h"

namespace weir::simulation {

using engine::AttemptKey;
using engine::OutcomeClass;
using std::chrono::milliseconds;
using std::chrono::seconds;
using worker::ExecutorId;

namespace {

constexpr Duration kSupervisorSlack = milliseconds(100);

bool kills(OutcomeClass outcome) {
  return outcome == OutcomeClass::kCrashed || outcome == OutcomeClass::kOom ||
         outcome == OutcomeClass::kTimedOut;
}

}  // namespace

void WorkerNode::in_process(ExecutorId id, Duration delay, std::function<void(Process&)> action) {
  agenda_.in(delay, [this, id, life = life_, action = std::move(action)] {
    const auto found = processes_.find(id);
    if (life == life_ && found != processes_.end() && found->second.alive) action(found->second);
  });
}

void WorkerNode::act(const worker::SpawnExecutor& action) {
  processes_[action.executor] = {};
  around_.plan(*this, milliseconds(1), [this, id = action.executor] {
    dispatcher_.spawned(id, now());
    wake_dispatcher();
  });
  const Duration loading = rng_.chance(0.95)
                               ? rng_.between(Duration(milliseconds(2)), Duration(milliseconds(80)))
                               : rng_.between(Duration(seconds(1)), Duration(seconds(12)));
  in_process(action.executor, loading, [this, id = action.executor](Process&) {
    around_.plan(*this, Duration(0), [this, id] {
      dispatch([&](base::Now at, worker::Actions& out) { dispatcher_.ready(id, at, out); });
    });
  });
}

void WorkerNode::act(const worker::RunAttempt& action) {
  Work* work = ledger_.find(action.key, State::kLaunched);
  Process& process = processes_.at(action.executor);
  process.runs = action.key;
  process.side_effects = work != nullptr && door_.stage_of(work->assign).side_effects;
  if (process.side_effects && process.alive) around_.begin_side_effects(action.key);
  if (work == nullptr) return;
  work->report = outcomes_.draw(work->assign);
  process.dies = kills(work->report.outcome);
  process.unkillable = !calm_ && !process.side_effects && rng_.chance(0.1);
  in_process(action.executor, outcomes_.run_time(process.side_effects),
             [this, id = action.executor, key = action.key](Process&) { attempt_ends(id, key); });
}

void WorkerNode::attempt_ends(ExecutorId id, const AttemptKey& key) {
  Process& process = processes_.at(id);
  if (process.runs != key) return;
  if (process.dies) return kill_process(id, false);
  stop_running(process);
  around_.plan(*this, Duration(0), [this, id] {
    if (dispatcher_.result_arrived(id) != worker::Dispatcher::Taken::kYes) return;
    dispatch([&](base::Now at, worker::Actions& out) { dispatcher_.settled(id, true, at, out); });
  });
}

void WorkerNode::stop_running(Process& process) {
  if (process.runs && process.side_effects) around_.end_side_effects(*process.runs);
  process.runs.reset();
  process.side_effects = false;
}

void WorkerNode::kill_process(ExecutorId id, bool fenced) {
  Process& process = processes_.at(id);
  if (!process.alive) return;
  process.alive = false;
  stop_running(process);
  around_.plan(*this, Duration(0), [this, id, fenced] {
    dispatch([&](base::Now at, worker::Actions& out) { dispatcher_.exited(id, fenced, at, out); });
  });
}

// The supervisor was told until when; it need not ask the agent.
void WorkerNode::enforce_lease(Duration side_effects_until) {
  side_effects_until_ = side_effects_until;
  agenda_.at(side_effects_until + kSupervisorSlack, [this, side_effects_until, life = life_] {
    if (life != life_ || side_effects_until_ != side_effects_until) return;
    for (auto& [id, process] : processes_) {
      if (process.alive && process.side_effects) kill_process(id, true);
    }
  });
}

void WorkerNode::act(const worker::EndStrays& action) {
  around_.plan(*this, milliseconds(1), [this, id = action.executor] {
    dispatch([&](base::Now at, worker::Actions& out) { dispatcher_.strays_ended(id, 0, at, out); });
  });
}

void WorkerNode::act(const worker::BuryExecutor& action) {
  around_.plan(*this, Duration(0), [this, id = action.executor] {
    dispatch([&](base::Now at, worker::Actions& out) { dispatcher_.gone(id, false, at, out); });
  });
}

void WorkerNode::act(const worker::ForgetExecutor& action) { processes_.erase(action.executor); }

void WorkerNode::act(const worker::TerminateTree& action) {
  if (!calm_ && rng_.chance(0.15)) return;  // it does not listen: KillTree follows
  in_process(action.executor, rng_.between(Duration(0), profile_.options.cancel_grace),
             [this, id = action.executor](Process& process) {
               if (!process.unkillable) kill_process(id, false);
             });
}

void WorkerNode::act(const worker::KillTree& action) {
  // Now and then a process sits in the kernel, where no signal ends it.
  const bool stuck = processes_.at(action.executor).unkillable;
  in_process(action.executor, stuck ? Duration(seconds(100)) : Duration(0),
             [this, id = action.executor](Process&) { kill_process(id, false); });
}

void WorkerNode::act(const worker::RetireExecutor& action) {
  in_process(action.executor, milliseconds(5),
             [this, id = action.executor](Process&) { kill_process(id, false); });
}

}  // namespace weir::simulation
