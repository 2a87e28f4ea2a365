// The registry of worker sessions. Messages of one batch are queued per session and flushed
// together, so that a frame carries all that one commit has for a worker. The loop thread sends;
// it never waits for a worker.
#include "scheduler/rpc/session/sessions.h"

#include <random>
#include <utility>

#include "scheduler/rpc/limits.h"

namespace weir::rpc {

Sessions::Sessions(Watchers& watchers) : watchers_(watchers), inline_cache_(kInlineCacheBytesMax) {}

void Sessions::send(const engine::Send& message) {
  auto touched = touched_.find(message.session);
  if (touched == touched_.end()) {
    std::shared_ptr<SessionPeer> peer = find(message.session);
    if (!peer) return;  // it is gone; the engine hears of it by its DisconnectWorker
    touched = touched_.emplace(message.session, std::move(peer)).first;
  }
  touched->second->enqueue(message);
}

void Sessions::batch_committed(std::int64_t last_seq) {
  for (const auto& [id, peer] : touched_) peer->flush();
  touched_.clear();
  retry_disconnects();
  watchers_.committed(last_seq);
}

void Sessions::close_all_sessions(const base::Status& reason) {
  std::vector<std::shared_ptr<SessionPeer>> peers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : sessions_) peers.push_back(entry.peer);
  }
  for (const auto& peer : peers) peer->close(reason);
}

base::SessionId Sessions::make_id() {
  std::random_device random;
  base::SessionId id;
  while (!id) id.value = (std::uint64_t{random()} << 32) | random();
  return id;
}

void Sessions::open(base::SessionId id, std::shared_ptr<SessionPeer> peer,
                    module::PlatformOffer offer) {
  const std::lock_guard lock(mutex_);
  sessions_[id] = {std::move(peer), std::move(offer)};
}

void Sessions::ended(base::SessionId id, const std::string& reason, ports::Inbox& inbox) {
  {
    const std::lock_guard lock(mutex_);
    if (sessions_.erase(id) == 0) return;
  }
  engine::DisconnectWorker command{id, reason};
  const base::Status posted = inbox.post(command);
  if (posted.code() != base::Code::kResourceExhausted) return;  // else the loop is ending anyway
  const std::lock_guard lock(mutex_);
  pending_.push_back({std::move(command), &inbox});
}

bool Sessions::connected(const std::string& worker_id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : sessions_) {
    if (entry.offer.worker_id == worker_id) return true;
  }
  return false;
}

std::vector<module::PlatformOffer> Sessions::platforms() const {
  const std::lock_guard lock(mutex_);
  std::vector<module::PlatformOffer> out;
  for (const auto& [id, entry] : sessions_) out.push_back(entry.offer);
  return out;
}

std::shared_ptr<SessionPeer> Sessions::find(base::SessionId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.peer;
}

void Sessions::retry_disconnects() {
  std::vector<PendingDisconnect> pending;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.empty()) return;
    pending.swap(pending_);
  }
  for (PendingDisconnect& entry : pending) {
    if (entry.inbox->post(entry.command).code() != base::Code::kResourceExhausted) continue;
    const std::lock_guard lock(mutex_);
    pending_.push_back(std::move(entry));
  }
}

}  // namespace weir::rpc
