// Delivers the outbox's messages, one at a time on a thread of its own. Those to one destination go
// in their order, and while it fails the others go on: it is tried again with growing pauses. A
// message that has failed too often, or for too long, is given up, and its alert says why. At least
// once: a row is deleted only after a success, so a crash in between delivers it again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "base/status.h"
#include "engine/records.h"
#include "scheduler/loop/outbox_sink.h"
#include "scheduler/ports/inbox.h"

namespace weir::alerts {

inline constexpr std::size_t kOutboxRowsMax =
    10'000;  // held in memory; the others stay in the table

struct AlertOutboxOptions {
  // Blocks until the message is delivered or is not; CANCELED when it was to stop.
  std::function<base::Status(const engine::OutboxRow&, const std::stop_token&)> deliver;
  // Between two tries: the double of the one before, less up to half of it by chance, so that what
  // failed together is not tried again together.
  std::chrono::milliseconds retry_min = std::chrono::seconds(1);
  std::chrono::milliseconds retry_max = std::chrono::minutes(5);
  int attempts_max = 30;
  std::chrono::seconds age_max = std::chrono::hours(6);
  std::function<base::WallTime()> clock;
};

class AlertOutbox final : public loop::OutboxSink {
 public:
  explicit AlertOutbox(AlertOutboxOptions options);
  // Ends what is being delivered; it is delivered again at the next start.
  ~AlertOutbox() override;

  // Begins to deliver; `inbox` takes what became of each. Rows may be offered before.
  void start(ports::Inbox& inbox);
  void stop();

  bool offer(const engine::OutboxRow& row) override;

  std::size_t waiting() const;
  // What the last try that failed had to say; empty after a success. For `weir doctor`.
  std::string last_failure() const;

 private:
  using Instant = std::chrono::steady_clock::time_point;
  struct Entry {
    engine::OutboxRow row;
    int attempts = 0;
    std::optional<ports::CommandBody> outcome;  // only to be posted: it was delivered, or given up
  };
  struct Destination {
    std::deque<Entry> entries;
    Instant due{};
    std::chrono::milliseconds pause{0};
  };

  void work(const std::stop_token& stop, ports::Inbox& inbox);
  std::optional<std::pair<std::string, Entry>> next(const std::stop_token& stop);
  void attempt(const std::stop_token& stop, Entry& entry, ports::Inbox& inbox);
  void settle(const std::string& destination, Entry entry, const base::Status& status);

  const AlertOutboxOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Destination> destinations_;  // guarded by mutex_; those with entries
  std::set<std::int64_t> held_;                      // guarded by mutex_; ids of all entries
  std::set<std::int64_t> done_;  // guarded by mutex_; not to be delivered once more
  std::uint64_t offers_ = 0;     // guarded by mutex_; counts, so that a waiter sees a new one
  std::string last_failure_;     // guarded by mutex_
  std::minstd_rand chance_{std::random_device{}()};  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir::alerts
