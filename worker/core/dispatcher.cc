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
  if (waiting_.contains(spec.key) || placed_.contains(spec.key)) return;
  if (draining_) {
    out.push_back(ReportReleased{spec.key, "the worker is draining"});
    return;
  }
  if (waiting_.size() >= limits_.queue_max) {
    out.push_back(ReportReleased{spec.key, "the worker's queue is full"});
    return;
  }
  queue_.push_back(spec.key);
  waiting_.emplace(spec.key, spec);
  dispatch(now, out);
}

bool Dispatcher::stop(const AttemptKey& key, const std::string& reason, Now now, Actions& out) {
  if (waiting_.erase(key) > 0) {
    out.push_back(ReportEnded{key, EndedBy::kStop, 0, reason, std::nullopt, now});
    return true;
  }
  const auto placed = placed_.find(key);
  if (placed == placed_.end()) return false;
  Executor& executor = executors_.at(placed->second);
  // A result that is in is the result; an executor that is being killed stays so.
  if (std::holds_alternative<Settling>(executor.state)) return true;
  if (std::holds_alternative<Ending>(executor.state)) return true;
  end(placed->second, executor, EndedBy::kStop, reason, true, now, out);
  return true;
}

void Dispatcher::withdraw(const AttemptKey& key, Actions& out) {
  if (waiting_.erase(key) > 0) out.push_back(ReportReleased{key, "revoked before it was begun"});
}

void Dispatcher::drain(bool draining, Now now, Actions& out) {
  draining_ = draining;
  if (!draining_) return dispatch(now, out);
  for (const AttemptKey& key : queue_) {
    if (waiting_.erase(key) > 0) out.push_back(ReportReleased{key, "the worker is draining"});
  }
  queue_.clear();
}

void Dispatcher::set_lease(BootTime side_effects_until, BootTime others_until) {
  side_effects_until_ = side_effects_until;
  others_until_ = others_until;
  for (const BootTime at : {side_effects_until, others_until}) {
    if (at != BootTime::max()) deadlines_.push({at, 0, 0, Due::kLease});
  }
}

bool Dispatcher::lease_over(bool side_effects, BootTime now) const {
  return now >= (side_effects ? side_effects_until_ : others_until_);
}

void Dispatcher::dispatch(Now now, Actions& out) {
  while (!queue_.empty() && occupied_ < limits_.slots) {
    const AttemptKey key = queue_.front();
    const auto found = waiting_.find(key);
    if (found == waiting_.end()) {  // stopped or given back meanwhile
      queue_.pop_front();
      continue;
    }
    const AttemptSpec spec = found->second;
    if (lease_over(spec.side_effects, now.boot)) {
      out.push_back(ReportReleased{key, "its lease ended before it was begun"});
    } else if (!place(spec, now, out)) {
      return;
    }
    queue_.pop_front();
    waiting_.erase(key);
  }
}

bool Dispatcher::place(const AttemptSpec& spec, Now now, Actions& out) {
  if (const auto warm = take_idle(spec.module)) {
    Executor& executor = executors_.at(*warm);
    executor.attempt = spec;
    ++occupied_;
    placed_.emplace(spec.key, *warm);
    hand_over(*warm, executor, now, out);
    return true;
  }
  if (!make_room(now, out)) return false;
  const ExecutorId id = ++last_id_;
  Executor& executor = executors_[id];
  executor.module = spec.module;
  executor.attempt = spec;
  ++occupied_;
  placed_.emplace(spec.key, id);
  push(now.boot + limits_.ready_max, id, executor, Due::kReady);
  out.push_back(SpawnExecutor{id, spec.module});
  return true;
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

void Dispatcher::hand_over(ExecutorId id, Executor& executor, Now now, Actions& out) {
  executor.state = Busy{now};
  ++executor.turn;
  ++executor.tasks;
  const AttemptSpec& spec = *executor.attempt;
  push(now.boot + limits_.started_after, id, executor, Due::kStarted);
  if (spec.timeout > Duration::zero()) push(now.boot + spec.timeout, id, executor, Due::kTimeout);
  out.push_back(RunAttempt{id, spec.key});
}

std::optional<AttemptKey> Dispatcher::attempt_of(ExecutorId id) const {
  const auto found = executors_.find(id);
  if (found == executors_.end() || !found->second.attempt) return std::nullopt;
  return found->second.attempt->key;
}

std::optional<Now> Dispatcher::started_of(ExecutorId id) const {
  const auto found = executors_.find(id);
  if (found == executors_.end()) return std::nullopt;
  const auto& state = found->second.state;
  if (const auto* busy = std::get_if<Busy>(&state)) return busy->started;
  if (const auto* settling = std::get_if<Settling>(&state)) return settling->started;
  if (const auto* ending = std::get_if<Ending>(&state)) return ending->started;
  return std::nullopt;
}

void Dispatcher::check_invariants() const {
  int occupied = 0;
  int leaving = 0;
  std::size_t idle = 0;
  for (const auto& [id, executor] : executors_) {
    const bool is_idle = std::holds_alternative<Idle>(executor.state);
    CHECK(!is_idle || !executor.attempt);
    CHECK(is_idle == (std::find(idle_.begin(), idle_.end(), id) != idle_.end()));
    idle += is_idle ? 1 : 0;
    if (executor.attempt) {
      ++occupied;
      CHECK(placed_.at(executor.attempt->key) == id);
      CHECK(!waiting_.contains(executor.attempt->key));
    } else {
      CHECK(is_idle || std::holds_alternative<Ending>(executor.state));
      leaving += is_idle ? 0 : 1;
    }
  }
  CHECK(occupied == occupied_);
  CHECK(leaving == leaving_);
  CHECK(idle == idle_.size());
  CHECK(placed_.size() == std::size_t(occupied));
  CHECK(occupied_ <= limits_.slots || limits_.slots == 0);
}

}  // namespace weir::worker
