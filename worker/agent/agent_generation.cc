// The agent and the store's generation: every id that it sends is stamped with that of the session,
// and when a session finds another one, the scheduler's database was restored from a backup, which
// knows nothing of what was leased after it. All that is held is then over: running attempts are
// killed, reports forgotten. The agent's thread.
#include <utility>

#include <spdlog/spdlog.h>

#include "worker/agent/agent_impl.h"

namespace weir::worker {

void Agent::Impl::queue(v1::WorkerMessage&& message) {
  const auto stamp = [this](v1::AttemptId* id) { id->set_store_generation(store_generation_); };
  if (message.has_hello()) {
    for (v1::AttemptId& id : *message.mutable_hello()->mutable_held()) stamp(&id);
  }
  if (message.has_heartbeat()) {
    for (v1::AttemptId& id : *message.mutable_heartbeat()->mutable_held()) stamp(&id);
  }
  if (message.has_progressed()) {
    for (v1::AttemptProgress& one : *message.mutable_progressed()->mutable_attempts()) {
      stamp(one.mutable_attempt());
    }
  }
  if (message.has_started()) stamp(message.mutable_started()->mutable_attempt());
  if (message.has_finished()) stamp(message.mutable_finished()->mutable_attempt());
  if (message.has_released()) stamp(message.mutable_released()->mutable_attempt());
  session_->queue(std::move(message));
}

void Agent::Impl::enter_generation(std::uint64_t generation) {
  const std::uint64_t before = std::exchange(store_generation_, generation);
  if (before == 0 || before == generation) return;
  const std::vector<base::AttemptKey> held = ledger_.held();
  for (const base::AttemptKey& key : held) {
    // Its number may be given again before it has died.
    if (Work* work = ledger_.find(key, State::kLaunched)) work->older_store = true;
    v1::Acknowledge stale;
    set_key(key, stale.mutable_attempt());
    stale.set_stale(true);
    acknowledge(stale);
  }
  ledger_.forget_settled();
  spdlog::warn("store_restored worker={} attempts_given_up={}", data_->worker_id(), held.size());
}

const Agent::Impl::Work* Agent::Impl::older_work(const base::AttemptKey& key) {
  const Work* work = ledger_.find(key, State::kFenced);
  return work != nullptr && work->older_store ? work : nullptr;
}

}  // namespace weir::worker
