// The scheduler's one thread: takes what the inbox holds, runs it as a batch, wakes for deadlines.
// A batch is whatever arrived during the previous commit; nothing waits for more. post() and the
// statistics are safe from any thread; everything else happens on the loop's thread, which owns the
// engine and the write connection.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/engine.h"
#include "engine/store.h"
#include "scheduler/loop/outbox_sink.h"
#include "scheduler/loop/thread_checker.h"
#include "scheduler/loop/turn.h"
#include "scheduler/ports/blobs.h"
#include "scheduler/ports/inbox.h"

namespace weir::loop {

inline constexpr std::size_t kInboxCommandsMax = 65'536;
// Requests of people are refused earlier, so that reports of workers still find room.
inline constexpr std::size_t kInboxRequestsMax = 49'152;
inline constexpr std::int64_t kInboxBytesMax = 256 << 20;  // of values and manifests
inline constexpr std::size_t kBatchCommandsMax = 1024;     // keeps one commit from taking long
// Also ends a batch: what is left is the beginning of the next one, so that a few commands that
// take long do not hold up what the others are waiting for.
inline constexpr auto kBatchTimeMax = std::chrono::milliseconds(20);
inline constexpr auto kIdleWait = std::chrono::seconds(1);  // also the longest wait for a deadline
inline constexpr auto kOutboxOfferEvery = std::chrono::seconds(30);

struct LoopOptions {
  engine::Options engine;
  std::size_t inbox_commands_max = kInboxCommandsMax;
  std::chrono::steady_clock::duration batch_time_max = kBatchTimeMax;
  // Called between batches on the loop's thread; `idle` when nothing has come for kIdleWait.
  // SqliteStore's is wired here: checkpoints, and what is no longer kept.
  std::function<void(base::Now now, bool idle)> housekeeping;
  std::function<base::Status()> admission;  // not OK: no new runs and modules
  // A time zone by its name, see TurnPorts; UTC alone without it.
  std::function<base::Result<std::shared_ptr<const calendar::Zone>>(const std::string& name)> zone;
  std::function<base::Now()> clock;   // empty: CLOCK_REALTIME and CLOCK_BOOTTIME
  std::optional<std::uint64_t> seed;  // of what commands get; none: the system's randomness
};

class Loop final : public ports::Inbox {
 public:
  // The collaborators must outlive the loop; `artifacts` and `outbox` may be null.
  Loop(LoopOptions options, engine::Store& store, ports::SessionSink& sessions,
       ports::BlobStore* artifacts, OutboxSink* outbox);
  ~Loop() override;

  // Restores the engine from the store, on the calling thread, and starts the loop's.
  base::Status start();

  // Refuses new commands, processes those that wait, commits what is lazy and ends the thread.
  // Idempotent.
  void stop();

  // RESOURCE_EXHAUSTED (WEIR-E0006) when the inbox is full, UNAVAILABLE (WEIR-E0007) when the loop
  // is not running. INVALID_ARGUMENT when `on_reply` is given for a command that is never answered.
  base::Status post(ports::CommandBody body, ports::ReplyHandler on_reply = {}) override;

  const TurnStats& stats() const { return turn_.stats(); }
  // Rows that the last restore could not decode; only before start() has returned or after stop().
  const std::vector<std::string>& quarantined() const { return turn_.quarantined(); }
  std::size_t inbox_size() const;

 private:
  struct Item {
    ports::CommandBody body;
    ports::ReplyHandler on_reply;
    std::int64_t bytes = 0;
    base::BootTime arrived;
  };

  void work();
  bool wait(std::vector<Item>& items, bool& idle);
  std::chrono::steady_clock::time_point wake_at() const;
  void run_batch(std::vector<Item> items);
  void add_timers(base::Now taken, base::BootTime until, std::vector<engine::Command>& batch);
  void offer_outbox(base::Now now);
  void give_reply(const engine::Reply& reply);
  void finish();
  base::Now clock_now() const;  // any thread
  base::Now now();              // never before what it gave last

  LoopOptions options_;
  OutboxSink* const outbox_;
  Turn turn_;
  ThreadChecker checker_;
  std::mt19937_64 random_;  // seeds of commands; the loop's thread only

  // Touched by the loop's thread only.
  std::unordered_map<std::uint64_t, ports::ReplyHandler> waiting_;
  std::uint64_t last_reply_to_ = 0;
  base::Now last_now_;
  // What a batch that took long enough left over; answered under the ids that it has.
  std::deque<Item> left_over_;
  bool behind_ = false;  // there was something
  std::chrono::steady_clock::time_point batch_began_{};
  std::optional<base::BootTime> waiting_since_;  // what the batch left in the inbox
  std::chrono::steady_clock::time_point last_arrival_{};
  base::BootTime outbox_offered_at_{};

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Item> inbox_;        // guarded by mutex_
  std::int64_t inbox_bytes_ = 0;  // guarded by mutex_
  bool running_ = false;          // guarded by mutex_
  std::jthread thread_;
};

// CLOCK_REALTIME and CLOCK_BOOTTIME.
base::Now system_now();

}  // namespace weir::loop
