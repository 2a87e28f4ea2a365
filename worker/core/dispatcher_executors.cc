// The life of executors: readiness, results, wear, deadlines and death. An executor that ends keeps
// its attempt until its whole process tree is dead: only then is the attempt over and its slot
// free.
#include <algorithm>

#include "base/check.h"
#include "worker/core/dispatcher.h"

namespace weir::worker {

void Dispatcher::push(BootTime at, ExecutorId id, const Executor& executor, Due due) {
  deadlines_.push({at, id, executor.turn, due});
}

void Dispatcher::forget_idle(ExecutorId id) {
  idle_.erase(std::remove(idle_.begin(), idle_.end(), id), idle_.end());
}

void Dispatcher::ready(ExecutorId id, Now now, Actions& out) {
  const auto found = executors_.find(id);
  if (found == executors_.end()) return;
  if (!std::holds_alternative<Starting>(found->second.state)) return;
  hand_over(id, found->second, now, out);
}

bool Dispatcher::result_arrived(ExecutorId id) {
  const auto found = executors_.find(id);
  if (found == executors_.end()) return false;
  Executor& executor = found->second;
  if (const auto* busy = std::get_if<Busy>(&executor.state)) {
    executor.state = Settling{busy->started};
    ++executor.turn;
    return true;
  }
  // One that is being killed may still have answered: the verdict stands.
  return std::holds_alternative<Ending>(executor.state);
}

void Dispatcher::settled(ExecutorId id, bool reusable, Now now, Actions& out) {
  const auto found = executors_.find(id);
  if (found == executors_.end()) return;
  Executor& executor = found->second;
  const auto* settling = std::get_if<Settling>(&executor.state);
  if (settling == nullptr) return;
  const AttemptKey key = executor.attempt->key;
  out.push_back(ReportEnded{key, EndedBy::kResult, id, "", settling->started, now});
  placed_.erase(key);
  executor.attempt.reset();
  --occupied_;
  executor.state = Idle{};
  ++executor.turn;
  idle_.push_back(id);
  if (!reusable || executor.worn || executor.tasks >= limits_.tasks_per_executor) {
    retire(id, executor, now, out);
  }
  dispatch(now, out);
  if (std::holds_alternative<Idle>(executor.state)) {
    push(now.boot + limits_.idle_max, id, executor, Due::kIdle);
  }
}

void Dispatcher::condemn(ExecutorId id, EndedBy by, const std::string& reason, Now now,
                         Actions& out) {
  const auto found = executors_.find(id);
  if (found == executors_.end()) return;
  Executor& executor = found->second;
  if (std::holds_alternative<Ending>(executor.state)) return;
  end(id, executor, by, reason, false, now, out);
}

void Dispatcher::sampled_memory(ExecutorId id, std::int64_t resident_bytes, Now now, Actions& out) {
  const auto found = executors_.find(id);
  if (found == executors_.end()) return;
  Executor& executor = found->second;
  if (std::holds_alternative<Ending>(executor.state)) return;
  if (limits_.memory_max > 0 && resident_bytes > limits_.memory_max) {
    end(id, executor, EndedBy::kMemory,
        std::to_string(resident_bytes) + " bytes resident, over the limit of " +
            std::to_string(limits_.memory_max),
        false, now, out);
    return;
  }
  if (executor.rss_first == 0) executor.rss_first = std::max<std::int64_t>(resident_bytes, 1);
  if (resident_bytes - executor.rss_first > limits_.rss_growth_max) executor.worn = true;
  if (executor.worn && std::holds_alternative<Idle>(executor.state)) retire(id, executor, now, out);
}

void Dispatcher::gone(ExecutorId id, bool untouched, bool fenced, Now now, Actions& out) {
  const auto found = executors_.find(id);
  if (found == executors_.end()) return;
  Executor executor = std::move(found->second);
  executors_.erase(found);
  forget_idle(id);
  if (!executor.attempt) {
    if (std::holds_alternative<Ending>(executor.state)) --leaving_;
    return dispatch(now, out);
  }
  const AttemptKey key = executor.attempt->key;
  placed_.erase(key);
  --occupied_;
  const bool busy_now = std::holds_alternative<Busy>(executor.state);
  if (untouched && busy_now && executor.attempt->returns < kReturnsMax) {
    ++executor.attempt->returns;
    out.push_back(ReturnAttempt{id, key});
    queue_.push_front(key);
    waiting_.emplace(key, *executor.attempt);
    return dispatch(now, out);
  }
  ReportEnded report{key, EndedBy::kExit, id, "", std::nullopt, now};
  if (std::holds_alternative<Starting>(executor.state)) {
    report.by = EndedBy::kNotReady;
  } else if (const auto* busy = std::get_if<Busy>(&executor.state)) {
    report.started = busy->started;
    if (fenced && executor.attempt->side_effects) report.by = EndedBy::kLease;
  } else if (const auto* settling = std::get_if<Settling>(&executor.state)) {
    report.by = EndedBy::kResult;  // it answered, then it died
    report.started = settling->started;
  } else if (auto* ending = std::get_if<Ending>(&executor.state)) {
    report.by = ending->by;
    report.reason = std::move(ending->reason);
    report.started = ending->started;
  }
  out.push_back(std::move(report));
  dispatch(now, out);
}

// The executor and its tree go. Gently: SIGTERM first, SIGKILL after the grace.
void Dispatcher::end(ExecutorId id, Executor& executor, EndedBy by, const std::string& reason,
                     bool gently, Now now, Actions& out) {
  Ending ending{by, reason, std::nullopt};
  if (const auto* busy = std::get_if<Busy>(&executor.state)) ending.started = busy->started;
  if (const auto* settling = std::get_if<Settling>(&executor.state))
    ending.started = settling->started;
  forget_idle(id);
  executor.state = std::move(ending);
  ++executor.turn;
  if (!executor.attempt) ++leaving_;
  if (gently) {
    push(now.boot + limits_.grace, id, executor, Due::kKill);
    out.push_back(TerminateTree{id});
  } else {
    out.push_back(KillTree{id});
  }
}

void Dispatcher::retire(ExecutorId id, Executor& executor, Now now, Actions& out) {
  CHECK(!executor.attempt);
  forget_idle(id);
  executor.state = Ending{};
  ++executor.turn;
  ++leaving_;
  push(now.boot + limits_.retire_grace, id, executor, Due::kKill);
  out.push_back(RetireExecutor{id});
}

std::optional<BootTime> Dispatcher::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.top().at;
}

void Dispatcher::advance(Now now, Actions& out) {
  while (!deadlines_.empty() && deadlines_.top().at <= now.boot) {
    const Deadline deadline = deadlines_.top();
    deadlines_.pop();
    const auto found = executors_.find(deadline.executor);
    if (found == executors_.end() || found->second.turn != deadline.turn) continue;
    expire(deadline, found->second, now, out);
  }
  enforce_lease(now, out);
  dispatch(now, out);
}

void Dispatcher::expire(const Deadline& deadline, Executor& executor, Now now, Actions& out) {
  const ExecutorId id = deadline.executor;
  switch (deadline.due) {
    case Due::kReady:
      end(id, executor, EndedBy::kTooSlow, "", false, now, out);
      return;
    case Due::kStarted:
      out.push_back(ReportStarted{executor.attempt->key, std::get<Busy>(executor.state).started});
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
    case Due::kLease:
      return;  // enforce_lease() looks at every attempt
  }
}

void Dispatcher::enforce_lease(Now now, Actions& out) {
  if (now.boot < std::min(side_effects_until_, others_until_)) return;
  for (auto& [id, executor] : executors_) {
    if (!executor.attempt || std::holds_alternative<Ending>(executor.state)) continue;
    if (std::holds_alternative<Settling>(executor.state)) continue;
    if (lease_over(executor.attempt->side_effects, now.boot)) {
      end(id, executor, EndedBy::kLease, "", false, now, out);
    }
  }
}

}  // namespace weir::worker
