// The agent's table of attempts: everything the worker holds, from the assignment until the
// scheduler has acknowledged the report, with the work that belongs to each. It is the one owner of
// that work: others refer to it by key. Pure; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <initializer_list>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "worker/core/attempt_state.h"

namespace weir::worker {

using base::AttemptKey;

// More than a session has on its way at any time.
inline constexpr std::size_t kSettledMax = 8192;

template <class Work>
class Ledger {
 public:
  using State = AttemptState;

  // The work of the attempt, to be filled in; null when it is here already: a duplicate of the
  // assignment. A pointer is good until the attempt is forgotten.
  Work* assign(const AttemptKey& key, State state = State::kPreparing);
  // Module and inputs are there. Null when the attempt was given up meanwhile.
  Work* launched(const AttemptKey& key) { return move(key, {State::kPreparing}, State::kLaunched); }
  // The executor pool, or the preparation, says that it ended. Null when nobody wants to know any
  // more.
  Work* uploading(const AttemptKey& key);
  Work* reported(const AttemptKey& key) { return move(key, {State::kUploading}, State::kReported); }
  // The scheduler lacks artifacts of the report. Null when there is no such report.
  Work* need_artifacts(const AttemptKey& key) {
    return move(key, {State::kReported}, State::kUploading);
  }
  // The executor pool or the agent gave it back. False when it was not held.
  bool released(const AttemptKey& key);
  // The scheduler has the report, or fenced the attempt. kForward: it still runs here and must be
  // killed; it is forgotten when it has ended.
  OrderResponse acknowledged(const AttemptKey& key);
  // It was held and is over: no lease has its number again, so that an assignment of it is one that
  // was sent twice, and the task may be with another worker by now. Of the last kSettledMax.
  bool settled(const AttemptKey& key) const { return settled_.contains(key); }
  // The numbers may be given again: the scheduler's store is another one.
  void forget_settled();
  OrderResponse stop(const AttemptKey& key) const { return on_stop(state(key)); }
  OrderResponse revoke(const AttemptKey& key) const { return on_revoke(state(key)); }

  std::optional<State> state(const AttemptKey& key) const;
  // Null unless it is in that state.
  Work* find(const AttemptKey& key, State state);
  // Everything held, for Hello and heartbeats.
  std::vector<AttemptKey> held() const;
  std::vector<AttemptKey> in(State state) const;
  std::size_t count(State state) const { return counts_[std::size_t(state)]; }
  // Attempts that are held, and those of them that are not over yet.
  std::size_t size() const { return entries_.size() - count(State::kFenced); }
  std::size_t live() const { return count(State::kPreparing) + count(State::kLaunched); }

 private:
  struct Entry {
    State state = State::kPreparing;
    Work work;
  };
  using Entries = std::unordered_map<AttemptKey, Entry>;

  Work* move(const AttemptKey& key, std::initializer_list<State> from, State to);
  void enter(Entry& entry, State state);
  void forget(typename Entries::iterator at);

  Entries entries_;
  std::array<std::size_t, kAttemptStates> counts_{};  // of entries_, by state
  std::unordered_set<AttemptKey> settled_;
  std::deque<AttemptKey> settled_order_;  // oldest first
};

template <class Work>
Work* Ledger<Work>::assign(const AttemptKey& key, State state) {
  const auto [at, fresh] = entries_.try_emplace(key);
  if (!fresh) return nullptr;
  at->second.state = state;
  ++counts_[std::size_t(state)];
  return &at->second.work;
}

template <class Work>
void Ledger<Work>::enter(Entry& entry, State state) {
  --counts_[std::size_t(entry.state)];
  entry.state = state;
  ++counts_[std::size_t(state)];
}

template <class Work>
void Ledger<Work>::forget(typename Entries::iterator at) {
  --counts_[std::size_t(at->second.state)];
  if (settled_.insert(at->first).second) settled_order_.push_back(at->first);
  if (settled_order_.size() > kSettledMax) {
    settled_.erase(settled_order_.front());
    settled_order_.pop_front();
  }
  entries_.erase(at);
}

template <class Work>
void Ledger<Work>::forget_settled() {
  settled_.clear();
  settled_order_.clear();
}

template <class Work>
Work* Ledger<Work>::move(const AttemptKey& key, std::initializer_list<State> from, State to) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  for (const State state : from) {
    if (found->second.state != state) continue;
    enter(found->second, to);
    return &found->second.work;
  }
  return nullptr;
}

template <class Work>
Work* Ledger<Work>::uploading(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end() && found->second.state == State::kFenced) {
    forget(found);
    return nullptr;
  }
  return move(key, {State::kPreparing, State::kKeptBack, State::kLaunched}, State::kUploading);
}

template <class Work>
bool Ledger<Work>::released(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  const bool was_held = found->second.state != State::kFenced;
  forget(found);
  return was_held;
}

template <class Work>
OrderResponse Ledger<Work>::acknowledged(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.state == State::kFenced)
    return OrderResponse::kIgnore;
  if (found->second.state == State::kLaunched) {
    enter(found->second, State::kFenced);
    return OrderResponse::kForward;
  }
  forget(found);
  return OrderResponse::kIgnore;
}

template <class Work>
std::optional<AttemptState> Ledger<Work>::state(const AttemptKey& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second.state;
}

template <class Work>
Work* Ledger<Work>::find(const AttemptKey& key, State state) {
  const auto found = entries_.find(key);
  return found == entries_.end() || found->second.state != state ? nullptr : &found->second.work;
}

template <class Work>
std::vector<AttemptKey> Ledger<Work>::held() const {
  std::vector<AttemptKey> keys;
  keys.reserve(size());
  for (const auto& [key, entry] : entries_) {
    if (entry.state != State::kFenced) keys.push_back(key);
  }
  return keys;
}

template <class Work>
std::vector<AttemptKey> Ledger<Work>::in(State state) const {
  std::vector<AttemptKey> keys;
  for (const auto& [key, entry] : entries_) {
    if (entry.state == state) keys.push_back(key);
  }
  return keys;
}

}  // namespace weir::worker
