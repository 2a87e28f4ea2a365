// What each message means for an attempt in its present state. Every
// transition of an attempt on the agent's side is in this file; none of it
// sends anything.
#include "worker/core/ledger.h"

namespace weir::worker {
namespace {

bool over(Ledger::State state) {
  return state == Ledger::State::kUploading || state == Ledger::State::kReported;
}

}  // namespace

bool Ledger::assign(const AttemptKey& key) {
  return entries_.emplace(key, State::kPreparing).second;
}

bool Ledger::move_to(const AttemptKey& key, State state) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  over_ += over(state) && !over(found->second) ? 1 : 0;
  found->second = state;
  return true;
}

void Ledger::erase(std::unordered_map<AttemptKey, State>::iterator at) {
  over_ -= over(at->second) ? 1 : 0;
  entries_.erase(at);
}

bool Ledger::launched(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second != State::kPreparing) return false;
  found->second = State::kLaunched;
  return true;
}

bool Ledger::uploading(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || over(found->second)) return false;
  return move_to(key, State::kUploading);
}

bool Ledger::reported(const AttemptKey& key) { return move_to(key, State::kReported); }

Ledger::Verdict Ledger::stop(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return Verdict::kReport;
  switch (found->second) {
    case State::kPreparing:
    case State::kUploading:
      return Verdict::kReport;
    case State::kLaunched:
      return Verdict::kForward;
    case State::kReported:
      return Verdict::kIgnore;  // its report is the answer
  }
  return Verdict::kIgnore;
}

Ledger::Verdict Ledger::revoke(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return Verdict::kIgnore;
  if (found->second == State::kPreparing) return Verdict::kRelease;
  return found->second == State::kLaunched ? Verdict::kForward : Verdict::kIgnore;
}

bool Ledger::released(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  erase(found);
  return true;
}

Ledger::Verdict Ledger::acknowledged(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return Verdict::kIgnore;
  const bool runs = found->second == State::kLaunched;
  erase(found);
  return runs ? Verdict::kForward : Verdict::kIgnore;
}

bool Ledger::need_artifacts(const AttemptKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second != State::kReported) return false;
  found->second = State::kUploading;
  return true;
}

std::optional<Ledger::State> Ledger::find(const AttemptKey& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

std::vector<AttemptKey> Ledger::held() const {
  std::vector<AttemptKey> keys;
  keys.reserve(entries_.size());
  for (const auto& [key, state] : entries_) keys.push_back(key);
  return keys;
}

std::vector<AttemptKey> Ledger::in_state(State state) const {
  std::vector<AttemptKey> keys;
  for (const auto& [key, its] : entries_) {
    if (its == state) keys.push_back(key);
  }
  return keys;
}

std::vector<AttemptKey> Ledger::unacknowledged() const { return in_state(State::kReported); }

std::vector<AttemptKey> Ledger::preparing() const { return in_state(State::kPreparing); }

}  // namespace weir::worker
