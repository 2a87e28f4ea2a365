// Delivers outbox rows to a command of the operator (`--on-run-finished CMD`): `sh -c CMD` with the
// row's JSON on stdin, one row at a time, on a thread of its own: of those that are due, the one of
// the lowest id. Exit status 0 is success; anything else, and a command that runs too long, is
// retried with growing pauses, in which later rows go first. At least once: the row is deleted only
// after a success, so a crash in between delivers it again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/status.h"
#include "engine/records.h"
#include "scheduler/loop/outbox_sink.h"
#include "scheduler/ports/inbox.h"

namespace weir::loop {

inline constexpr std::size_t kOutboxRowsMax =
    10'000;  // held in memory; the others stay in the table

struct CommandOutboxOptions {
  std::string command;  // for sh -c
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  std::chrono::milliseconds retry_min = std::chrono::seconds(1);
  std::chrono::milliseconds retry_max = std::chrono::minutes(5);
};

class CommandOutbox final : public OutboxSink {
 public:
  explicit CommandOutbox(CommandOutboxOptions options);
  // Kills the command that runs; its row is delivered again at the next start.
  ~CommandOutbox() override;

  // Begins to deliver; `inbox` takes the acknowledgements. Rows may be offered before.
  void start(ports::Inbox& inbox);
  void stop();

  bool offer(const engine::OutboxRow& row) override;

  std::size_t waiting() const;
  // What the last attempt that failed had to say; empty after a success. For `weir doctor`.
  std::string last_failure() const;

 private:
  struct Entry {
    engine::OutboxRow row;
    bool delivered = false;  // only the acknowledgement is left to be posted
    std::chrono::milliseconds pause{0};
  };

  void work(const std::stop_token& stop, ports::Inbox& inbox);
  std::optional<Entry> next(const std::stop_token& stop);
  void settle(Entry entry, const base::Status& status);

  const CommandOutboxOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::int64_t, Entry> entries_;  // guarded by mutex_; by row id
  // Guarded by mutex_: each entry is in one of these, so that no look walks through all.
  std::set<std::int64_t> due_;
  std::set<std::pair<std::chrono::steady_clock::time_point, std::int64_t>> paused_;
  std::uint64_t offers_ = 0;  // guarded by mutex_; counts, so that a waiter sees a new one
  std::set<std::int64_t> acknowledged_;  // guarded by mutex_; not to be delivered once more
  std::string last_failure_;             // guarded by mutex_
  std::jthread thread_;
};

// Runs `sh -c command` with `input` on its stdin and nothing else inherited but stdout, stderr and
// the environment. UNAVAILABLE with the exit status or signal; DEADLINE_EXCEEDED when it was killed
// for running too long; CANCELED when `stop` was requested.
base::Status run_command(const std::string& command, std::string_view input,
                         std::chrono::milliseconds timeout, const std::stop_token& stop);

}  // namespace weir::loop
