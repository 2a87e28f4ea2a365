// Follows one run from its first event to its last, over broken connections and restarts of the
// scheduler: the stream is opened again after the last event that was seen, so none is missed and
// none comes twice. One owner; blocking up to the given timeout.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "sdk/client/discovery.h"
#include "weir/v1/event_service.pb.h"
#include "weir/v1/run_service.pb.h"

namespace weir::client {

class Api;
class EventStream;

class RunFollower {
 public:
  enum class Kind {
    kQuiet,         // nothing happened within the timeout
    kEvents,        // `events` are new
    kDisconnected,  // `status` says why; the next calls try again
    kReconnected,
    kFinished,  // the run has ended; run() is final
    kGone,      // following cannot go on: `status` says why
  };
  struct Update {
    Kind kind = Kind::kQuiet;
    std::vector<v1::Event> events;
    base::Status status;
  };

  // `run` is a full id. Events after `since_seq` are told.
  RunFollower(const Target& target, std::string run, std::int64_t since_seq);
  ~RunFollower();
  RunFollower(const RunFollower&) = delete;
  RunFollower& operator=(const RunFollower&) = delete;

  Update next(std::chrono::milliseconds timeout);

  // As last read: when the stream was opened, and at the end.
  const v1::Run& run() const { return run_; }

 private:
  using Clock = std::chrono::steady_clock;

  Update reconnect(std::chrono::milliseconds timeout);
  Update stream_ended();
  Update lost(const base::Status& status);
  bool refresh_run(base::Status& status);

  std::unique_ptr<Api> api_;
  std::string id_;
  std::int64_t last_seq_;
  v1::Run run_;
  std::unique_ptr<EventStream> stream_;
  bool disconnected_ = false;  // and said so
  int failures_ = 0;           // in a row
  Clock::time_point retry_at_{};
};

bool run_finished(v1::RunState state);

// Whether `status` is what a restart, a reload of the store or a broken network looks like from
// here: the same call may succeed later.
bool may_pass(const base::Status& status);

}  // namespace weir::client
