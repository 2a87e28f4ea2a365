// The connected workers: where the loop's messages for them go, and what their machines offer to
// modules. The sessions themselves are in worker_session.cc. SessionSink's methods run on the loop
// thread; the rest is safe from any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/records.h"
#include "module/platform.h"
#include "scheduler/ports/inbox.h"
#include "scheduler/rpc/inline_cache.h"
#include "scheduler/rpc/watchers.h"

namespace weir::rpc {

// One session as the loop sees it. enqueue() and flush() come from the loop thread.
class SessionPeer {
 public:
  virtual ~SessionPeer() = default;
  virtual void enqueue(const engine::Send& message) = 0;
  virtual void flush() = 0;
  virtual void close(const base::Status& reason) = 0;
};

class Sessions final : public ports::SessionSink {
 public:
  explicit Sessions(Watchers& watchers);

  void send(const engine::Send& message) override;
  void batch_committed(std::int64_t last_seq) override;
  void close_all_sessions(const base::Status& reason) override;

  // A session that never repeats, in this process or another.
  base::SessionId make_id();
  void open(base::SessionId id, std::shared_ptr<SessionPeer> peer, module::PlatformOffer offer);
  // The stream has ended: forgets the session and tells the engine, now or as soon as the inbox has
  // room.
  void ended(base::SessionId id, const std::string& reason, ports::Inbox& inbox);

  bool connected(const std::string& worker_id) const;
  std::vector<module::PlatformOffer> platforms() const;
  InlineCache& inline_cache() { return inline_cache_; }

 private:
  struct Entry {
    std::shared_ptr<SessionPeer> peer;
    module::PlatformOffer offer;
  };
  struct PendingDisconnect {
    engine::DisconnectWorker command;
    ports::Inbox* inbox = nullptr;
  };

  std::shared_ptr<SessionPeer> find(base::SessionId id) const;
  void retry_disconnects();

  Watchers& watchers_;
  InlineCache inline_cache_;
  mutable std::mutex mutex_;
  std::unordered_map<base::SessionId, Entry> sessions_;              // guarded by mutex_
  std::vector<PendingDisconnect> pending_;                           // guarded by mutex_
  std::map<base::SessionId, std::shared_ptr<SessionPeer>> touched_;  // loop thread only
};

}  // namespace weir::rpc
