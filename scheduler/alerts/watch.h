// Looks after what no event tells: how full the disk is, and whether the loop still works, which a
// heartbeat tells somebody outside. One thread of its own. The heartbeat is sent only after the
// loop has taken the command of the look before: a scheduler that hangs falls silent.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/ids.h"
#include "base/status.h"
#include "engine/alerts/alert_commands.h"
#include "scheduler/ports/inbox.h"

namespace weir::alerts {

struct WatchOptions {
  std::chrono::milliseconds every{30'000};
  std::function<engine::DiskChecked()> disk;
  std::function<std::uint64_t()> commands_taken;  // by the loop, so far
  // Sends the heartbeat; empty: there is none.
  std::function<base::Status(const std::stop_token&)> beat;
  std::function<base::WallTime()> clock;
};

// How the heartbeat fares.
struct Heartbeats {
  bool configured = false;
  std::optional<base::WallTime> sent_at;    // the last that was taken
  std::optional<base::WallTime> failed_at;  // the last that was not
  std::string failure;                      // why; stays when later ones are taken
  bool fails() const { return failed_at && (!sent_at || *sent_at < *failed_at); }
};

class Watch {
 public:
  explicit Watch(WatchOptions options) : options_(std::move(options)) {
    heartbeats_.configured = bool(options_.beat);
  }

  void start(ports::Inbox& inbox);
  void stop();
  Heartbeats heartbeats() const;  // for `weir doctor`

 private:
  void work(const std::stop_token& stop, ports::Inbox& inbox);

  const WatchOptions options_;
  mutable std::mutex mutex_;
  Heartbeats heartbeats_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir::alerts
