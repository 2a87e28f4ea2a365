// Placement of attempts and what the agent asks for. The life of an executor is in
// dispatcher_executors.cc. The order is first come, first served: priorities are the scheduler's
// business, a worker holds few attempts ahead of need.
#include "worker/core/dispatcher.h"

#include <algorithm>

#include "base/check.h"

namespace weir::worker {

Dispatcher::Dispatcher(DispatcherLimits limits) : limits_(limits) {}

void Dispatcher::set_limits(DispatcherLimits limits, Now now, Actions& out) {
  limits_ = limits;
  limits_.executors_max = std::max(limits_.executors_max, limits_.slots);
  dispatch(now, out);
}

void Dispatcher::launch(const AttemptSpec& spec, Now now, Actions& out) {
  if (knows(spec.key)) return;
  if (draining_) {
    out.push_back(ReportReleased{spec.key, "the worker is draining"});
    return;
  }
  if (waiting_ >= limits_.queue_max) {
    out.push_back(ReportReleased{spec.key, "the worker's queue is full"});
    return;
  }
  queue_.push_back(spec.key);
  attempts_.emplace(spec.key, Attempt{spec});
  ++waiting_;
  dispatch(now, out);
}

bool Dispatcher::forget_waiting(const AttemptKey& key) {
  const auto found = attempts_.find(key);
  if (found == attempts_.end() || found->second.executor != 0) return false;
  attempts_.erase(found);
  --waiting_;
  return true;
}

bool Dispatcher::stop(const AttemptKey& key, const std::string& reason, Now now, Actions& out) {
  if (forget_waiting(key)) {
    out.push_back(ReportEnded{key, EndedBy::kStop, 0, reason, std::nullopt, now});
    return true;
  }
  const auto found = attempts_.find(key);
  if (found == attempts_.end()) return false;
  Executor& executor = executors_.at(found->second.executor);
  // A result that is in is the result; an executor that is being killed stays so.
  const bool is_over = std::holds_alternative<Settling>(executor.state) ||
                       std::holds_alternative<Ending>(executor.state) ||
                       std::holds_alternative<Dead>(executor.state);
  if (!is_over) end(found->second.executor, executor, EndedBy::kStop, reason, true, now, out);
  return true;
}

void Dispatcher::withdraw(const AttemptKey& key, Actions& out) {
  if (forget_waiting(key)) out.push_back(ReportReleased{key, "revoked before it was begun"});
}

void Dispatcher::drain(bool draining, Now now, Actions& out) {
  draining_ = draining;
  if (!draining_) return dispatch(now, out);
  for (const AttemptKey& key : queue_) {
    if (forget_waiting(key)) out.push_back(ReportReleased{key, "the worker is draining"});
  }
  queue_.clear();
}

void Dispatcher::set_lease(BootTime side_effects_until, BootTime others_until) {
  side_effects_until_ = side_effects_until;
  others_until_ = others_until;
  lease_due_ = std::min(side_effects_until, others_until);
}

bool Dispatcher::lease_over(bool side_effects, BootTime now) const {
  return now >= (side_effects ? side_effects_until_ : others_until_);
}

void Dispatcher::dispatch(Now now, Actions& out) {
  while (!queue_.empty() && occupied_ < limits_.slots) {
    const AttemptKey key = queue_.front();
    const auto found = attempts_.find(key);
    if (found == attempts_.end() || found->second.executor != 0) {
      queue_.pop_front();  // stopped or given back meanwhile
      continue;
    }
    if (lease_over(found->second.spec.side_effects, now.boot)) {
      forget_waiting(key);
      out.push_back(ReportReleased{key, "its lease ended before it was begun"});
    } else if (!place(found->second, now, out)) {
      return;
    }
    queue_.pop_front();
  }
}

bool Dispatcher::place(Attempt& attempt, Now now, Actions& out) {
  const Digest& module = attempt.spec.module;
  if (const auto warm = take_idle(module)) {
    Executor& executor = executors_.at(*warm);
    put_into(*warm, executor, attempt);
    hand_over(*warm, executor, now, out);
    return true;
  }
  if (!make_room(now, out)) return false;
  const ExecutorId id = ++last_id_;
  Executor& executor = executors_[id];
  executor.module = module;
  put_into(id, executor, attempt);
  out.push_back(SpawnExecutor{id, module});
  return true;
}

void Dispatcher::put_into(ExecutorId id, Executor& executor, Attempt& attempt) {
  executor.attempt = &attempt;
  attempt.executor = id;
  ++occupied_;
  --waiting_;
}

// The most recently used idle executor of the module: its caches are warm and the others may age.
std::optional<ExecutorId> Dispatcher::take_idle(const Digest& module) {
  for (auto it = idle_.rbegin(); it != idle_.rend(); ++it) {
    if (executors_.at(*it).module != module) continue;
    const ExecutorId id = *it;
    idle_.erase(std::next(it).base());
    return id;
  }
  return std::nullopt;
}

// Room for one more executor, if need be by letting the least recently used idle one go.
bool Dispatcher::make_room(Now now, Actions& out) {
  const int alive = int(executors_.size()) - leaving_;
  if (alive < std::max(limits_.executors_max, limits_.slots)) return true;
  if (idle_.empty()) return false;
  const ExecutorId oldest = idle_.front();
  retire(oldest, executors_.at(oldest), now, out);
  return true;
}

const AttemptSpec* Dispatcher::attempt_of(ExecutorId id) const {
  const auto found = executors_.find(id);
  if (found == executors_.end() || found->second.attempt == nullptr) return nullptr;
  return &found->second.attempt->spec;
}

bool Dispatcher::dead(ExecutorId id) const {
  const auto found = executors_.find(id);
  return found != executors_.end() && std::holds_alternative<Dead>(found->second.state);
}

void Dispatcher::check_invariants() const {
  int occupied = 0;
  int leaving = 0;
  std::size_t idle = 0;
  std::size_t deadlines = 0;
  for (const auto& [id, executor] : executors_) {
    const bool is_idle = std::holds_alternative<Idle>(executor.state);
    CHECK(!is_idle || executor.attempt == nullptr);
    CHECK(is_idle == (std::find(idle_.begin(), idle_.end(), id) != idle_.end()));
    idle += is_idle ? 1 : 0;
    deadlines += executor.deadlines.size();
    if (executor.attempt != nullptr) {
      ++occupied;
      CHECK(&attempts_.at(executor.attempt->spec.key) == executor.attempt);
      CHECK(executor.attempt->executor == id);
    } else {
      CHECK(is_idle || std::holds_alternative<Ending>(executor.state) ||
            std::holds_alternative<Dead>(executor.state));
      leaving += is_idle ? 0 : 1;
    }
  }
  CHECK(occupied == occupied_);
  CHECK(leaving == leaving_);
  CHECK(idle == idle_.size());
  CHECK(deadlines == deadlines_.size());
  CHECK(attempts_.size() == std::size_t(occupied) + waiting_);
  CHECK(occupied_ <= limits_.slots || limits_.slots == 0);
}

}  // namespace weir::worker
