// The life of executors: readiness, results, wear, deadlines and death. An executor that ends keeps
// its attempt until its whole process tree is dead: only then is the attempt over and its slot
// free. A deadline belongs to one state of one executor and goes with it.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "worker/core/dispatcher.h"

namespace weir::worker {

Dispatcher::Executor* Dispatcher::find(ExecutorId id) {
  const auto found = executors_.find(id);
  return found == executors_.end() ? nullptr : &found->second;
}

template <class State>
void Dispatcher::enter(Executor& executor, State state) {
  for (const Deadlines::iterator at : executor.deadlines) deadlines_.erase(at);
  executor.deadlines.clear();
  executor.state = std::move(state);
}

void Dispatcher::push(BootTime at, ExecutorId id, Executor& executor, Due due) {
  executor.deadlines.push_back(deadlines_.insert({at, id, due}));
}

void Dispatcher::forget_idle(ExecutorId id) {
  idle_.erase(std::remove(idle_.begin(), idle_.end(), id), idle_.end());
}

void Dispatcher::spawned(ExecutorId id, Now now) {
  Executor* executor = find(id);
  if (executor == nullptr || !std::holds_alternative<Starting>(executor->state)) return;
  push(now.boot + limits_.ready_max, id, *executor, Due::kReady);
}

void Dispatcher::ready(ExecutorId id, Now now, Actions& out) {
  Executor* executor = find(id);
  if (executor == nullptr || !std::holds_alternative<Starting>(executor->state)) return;
  // After a sleep this may be heard before the deadline that should have come first.
  if (lease_over(executor->attempt->spec.side_effects, now.boot)) {
    return end(id, *executor, EndedBy::kLease, "", false, now, out);
  }
  hand_over(id, *executor, now, out);
}

void Dispatcher::hand_over(ExecutorId id, Executor& executor, Now now, Actions& out) {
  enter(executor, Busy{now});
  ++executor.tasks;
  const AttemptSpec& spec = executor.attempt->spec;
  push(now.boot + limits_.started_after, id, executor, Due::kStarted);
  if (spec.timeout > Duration::zero()) push(now.boot + spec.timeout, id, executor, Due::kTimeout);
  out.push_back(RunAttempt{id, spec.key});
}

Dispatcher::Taken Dispatcher::result_arrived(ExecutorId id) {
  Executor* executor = find(id);
  if (executor == nullptr) return Taken::kNotDue;
  if (const auto* busy = std::get_if<Busy>(&executor->state)) {
    enter(*executor, Settling{busy->started, std::nullopt});
    return Taken::kYes;
  }
  if (std::holds_alternative<Settling>(executor->state)) {
    executor->worn = true;  // it says more than it was asked: the attempt has its result
    return Taken::kIgnored;
  }
  if (auto* dead = std::get_if<Dead>(&executor->state)) {
    if (std::exchange(dead->was_busy, false)) {
      dead->ending.by = EndedBy::kResult;  // it answered, then it died
      return Taken::kYes;
    }
    return dead->ending.started ? Taken::kIgnored : Taken::kNotDue;
  }
  // One that is being killed may still have answered: that stands.
  const bool ends = std::holds_alternative<Ending>(executor->state);
  return ends ? Taken::kIgnored : Taken::kNotDue;
}

void Dispatcher::settled(ExecutorId id, bool reusable, Now now, Actions& out) {
  Executor* executor = find(id);
  if (executor == nullptr) return;
  const auto* settling = std::get_if<Settling>(&executor->state);
  if (settling == nullptr) return;
  const AttemptKey key = executor->attempt->spec.key;
  out.push_back(ReportEnded{key, EndedBy::kResult, id, "", settling->started, now});
  executor->attempt = nullptr;
  attempts_.erase(key);
  --occupied_;
  enter(*executor, Idle{});
  idle_.push_back(id);
  if (!reusable || executor->worn || executor->tasks >= limits_.tasks_per_executor) {
    retire(id, *executor, now, out);
  }
  dispatch(now, out);
  if (std::holds_alternative<Idle>(executor->state)) {
    push(now.boot + limits_.idle_max, id, *executor, Due::kIdle);
  }
}

void Dispatcher::strays_ended(ExecutorId id, int alive, Now now, Actions& out) {
  Executor* executor = find(id);
  if (executor == nullptr) return;
  if (auto* settling = std::get_if<Settling>(&executor->state)) {
    if (alive == 0) return settled(id, true, now, out);
    if (!settling->patience_until) settling->patience_until = now.boot + limits_.settle_max;
    if (now.boot >= *settling->patience_until) return settled(id, false, now, out);
    push(now.boot + limits_.sweep_every, id, *executor, Due::kSweep);
  } else if (const auto* dead = std::get_if<Dead>(&executor->state)) {
    if (alive == 0 || now.boot >= dead->patience_until) {
      out.push_back(BuryExecutor{id});
    } else {
      push(now.boot + limits_.sweep_every, id, *executor, Due::kSweep);
    }
  }
}

void Dispatcher::hung_up(ExecutorId id, Now now, Actions& out) {
  Executor* executor = find(id);
  if (executor == nullptr) return;
  executor->worn = true;
  if (std::holds_alternative<Idle>(executor->state)) return retire(id, *executor, now, out);
  if (std::holds_alternative<Starting>(executor->state) ||
      std::holds_alternative<Busy>(executor->state)) {
    push(now.boot + limits_.hang_up_max, id, *executor, Due::kHungUp);
  }
}

void Dispatcher::condemn(ExecutorId id, EndedBy by, const std::string& reason, Now now,
                         Actions& out) {
  Executor* executor = find(id);
  if (executor == nullptr || std::holds_alternative<Ending>(executor->state) ||
      std::holds_alternative<Dead>(executor->state)) {
    return;
  }
  end(id, *executor, by, reason, false, now, out);
}

void Dispatcher::sampled_memory(ExecutorId id, std::int64_t resident_bytes, Now now, Actions& out) {
  Executor* executor = find(id);
  if (executor == nullptr || std::holds_alternative<Ending>(executor->state) ||
      std::holds_alternative<Dead>(executor->state)) {
    return;
  }
  if (limits_.memory_max > 0 && resident_bytes > limits_.memory_max) {
    end(id, *executor, EndedBy::kMemory,
        std::to_string(resident_bytes) + " bytes resident, over the limit of " +
            std::to_string(limits_.memory_max),
        false, now, out);
    return;
  }
  if (executor->rss_first == 0) executor->rss_first = std::max<std::int64_t>(resident_bytes, 1);
  if (resident_bytes - executor->rss_first > limits_.rss_growth_max) executor->worn = true;
  if (executor->worn && std::holds_alternative<Idle>(executor->state)) {
    retire(id, *executor, now, out);
  }
}

void Dispatcher::exited(ExecutorId id, bool fenced, Now now, Actions& out) {
  Executor* executor = find(id);
  if (executor == nullptr || std::holds_alternative<Dead>(executor->state)) return;
  die(id, *executor, fenced, now);
  out.push_back(EndStrays{id, true});
}

void Dispatcher::die(ExecutorId id, Executor& executor, bool fenced, Now now) {
  Dead dead;
  dead.patience_until = now.boot + limits_.settle_max;
  if (std::holds_alternative<Starting>(executor.state)) {
    dead.ending.by = EndedBy::kNotReady;
  } else if (const auto* busy = std::get_if<Busy>(&executor.state)) {
    dead.ending.started = busy->started;
    dead.was_busy = true;
    if (fenced && executor.attempt->spec.side_effects) dead.ending.by = EndedBy::kLease;
  } else if (const auto* settling = std::get_if<Settling>(&executor.state)) {
    dead.ending.by = EndedBy::kResult;
    dead.ending.started = settling->started;
  } else if (auto* ending = std::get_if<Ending>(&executor.state)) {
    dead.ending = std::move(*ending);
  } else {
    ++leaving_;  // it was idle
  }
  forget_idle(id);
  enter(executor, std::move(dead));
}

void Dispatcher::gone(ExecutorId id, bool untouched, Now now, Actions& out) {
  Executor* executor = find(id);
  if (executor == nullptr) return;
  if (!std::holds_alternative<Dead>(executor->state)) die(id, *executor, false, now);
  Dead dead = std::move(std::get<Dead>(executor->state));
  Attempt* attempt = executor->attempt;
  enter(*executor, Idle{});  // its deadlines go
  executors_.erase(id);
  if (attempt == nullptr) {
    --leaving_;
  } else {
    --occupied_;
    bring_back(id, *attempt, untouched && dead.was_busy, std::move(dead.ending), now, out);
  }
  out.push_back(ForgetExecutor{id});
  dispatch(now, out);
}

// The attempt of an executor that is gone.
void Dispatcher::bring_back(ExecutorId id, Attempt& attempt, bool untouched, Ending ending, Now now,
                            Actions& out) {
  const AttemptKey key = attempt.spec.key;
  if (untouched && attempt.spec.returns < kReturnsMax) {
    ++attempt.spec.returns;
    attempt.executor = 0;
    ++waiting_;
    out.push_back(ReturnAttempt{id, key});
    queue_.push_front(key);
    return;
  }
  attempts_.erase(key);
  out.push_back(ReportEnded{key, ending.by, id, std::move(ending.reason), ending.started, now});
}

// The executor and its tree go. Gently: SIGTERM first, SIGKILL after the grace.
void Dispatcher::end(ExecutorId id, Executor& executor, EndedBy by, const std::string& reason,
                     bool gently, Now now, Actions& out) {
  Ending ending{by, reason, std::nullopt};
  if (const auto* busy = std::get_if<Busy>(&executor.state)) ending.started = busy->started;
  if (const auto* settling = std::get_if<Settling>(&executor.state))
    ending.started = settling->started;
  forget_idle(id);
  enter(executor, std::move(ending));
  if (executor.attempt == nullptr) ++leaving_;
  if (gently) {
    push(now.boot + limits_.grace, id, executor, Due::kKill);
    out.push_back(TerminateTree{id});
  } else {
    out.push_back(KillTree{id});
  }
}

void Dispatcher::retire(ExecutorId id, Executor& executor, Now now, Actions& out) {
  CHECK(executor.attempt == nullptr);
  forget_idle(id);
  enter(executor, Ending{});
  ++leaving_;
  push(now.boot + limits_.retire_grace, id, executor, Due::kKill);
  out.push_back(RetireExecutor{id});
}

std::optional<BootTime> Dispatcher::next_deadline() const {
  BootTime next = lease_due_;
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->at);
  if (next == BootTime::max()) return std::nullopt;
  return next;
}

void Dispatcher::advance(Now now, Actions& out) {
  while (!deadlines_.empty() && deadlines_.begin()->at <= now.boot) {
    const auto first = deadlines_.begin();
    const Deadline deadline = *first;
    Executor& executor = executors_.at(deadline.executor);
    std::erase(executor.deadlines, first);
    deadlines_.erase(first);
    expire(deadline, executor, now, out);
  }
  if (now.boot >= lease_due_) enforce_lease(now, out);
  dispatch(now, out);
}

void Dispatcher::expire(const Deadline& deadline, Executor& executor, Now now, Actions& out) {
  const ExecutorId id = deadline.executor;
  switch (deadline.due) {
    case Due::kReady:
      end(id, executor, EndedBy::kTooSlow, "", false, now, out);
      return;
    case Due::kStarted:
      out.push_back(
          ReportStarted{executor.attempt->spec.key, std::get<Busy>(executor.state).started});
      return;
    case Due::kTimeout:
      end(id, executor, EndedBy::kTimeout, "", true, now, out);
      return;
    case Due::kKill:
      out.push_back(KillTree{id});
      return;
    case Due::kIdle:
      retire(id, executor, now, out);
      return;
    case Due::kSweep:
      out.push_back(EndStrays{id, std::holds_alternative<Dead>(executor.state)});
      return;
    case Due::kHungUp:
      end(id, executor, EndedBy::kProtocol, "the executor closed its socket and went on running",
          false, now, out);
      return;
  }
}

void Dispatcher::enforce_lease(Now now, Actions& out) {
  for (auto& [id, executor] : executors_) {
    const bool runs = std::holds_alternative<Starting>(executor.state) ||
                      std::holds_alternative<Busy>(executor.state);
    if (runs && lease_over(executor.attempt->spec.side_effects, now.boot)) {
      end(id, executor, EndedBy::kLease, "", false, now, out);
    }
  }
  lease_due_ = BootTime::max();
  for (const BootTime at : {side_effects_until_, others_until_}) {
    if (at > now.boot) lease_due_ = std::min(lease_due_, at);
  }
}

}  // namespace weir::worker
