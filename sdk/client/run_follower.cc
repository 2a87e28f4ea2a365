// Stream, break, wait, ask for the run, stream again. The run's own row is asked before each
// stream, so that an end that was missed is still found.
// One owner.
#include "sdk/client/run_follower.h"

#include <algorithm>

#include "sdk/client/api.h"
#include "sdk/client/event_stream.h"
#include "sdk/client/pause.h"

namespace weir::client {
namespace {

using base::Code;
using base::Status;

constexpr std::chrono::milliseconds kCallTime{5'000};
constexpr std::chrono::milliseconds kRetryMin{50};
constexpr std::chrono::milliseconds kRetryMax{1'000};
constexpr int kDoublingsMax = 5;

}  // namespace

bool run_finished(v1::RunState state) {
  return state == v1::RUN_STATE_SUCCEEDED || state == v1::RUN_STATE_FAILED ||
         state == v1::RUN_STATE_CANCELED;
}

bool may_pass(const Status& status) {
  switch (status.code()) {
    case Code::kUnavailable:
    case Code::kCanceled:
    case Code::kDeadlineExceeded:
    case Code::kInternal:
    case Code::kAborted:
    case Code::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

RunFollower::RunFollower(const Target& target, std::string run, std::int64_t since_seq)
    : api_(std::make_unique<Api>(target, kCallTime, 1)),
      id_(std::move(run)),
      last_seq_(since_seq) {}

RunFollower::~RunFollower() = default;

bool RunFollower::refresh_run(Status& status) {
  v1::GetRunRequest request;
  request.set_run(id_);
  auto answer = api_->get_run(request);
  status = answer.status();
  if (!answer.ok()) return false;
  run_ = answer->run();
  return true;
}

RunFollower::Update RunFollower::lost(const Status& status) {
  stream_.reset();
  if (!may_pass(status)) return {Kind::kGone, {}, status};
  const auto wait = std::min(kRetryMax, kRetryMin * (1 << std::min(failures_, kDoublingsMax)));
  ++failures_;
  retry_at_ = Clock::now() + wait;
  if (disconnected_) return {};
  disconnected_ = true;
  return {Kind::kDisconnected, {}, status};
}

// The server ends the stream in order after the run's last event, and when it shuts down.
RunFollower::Update RunFollower::stream_ended() {
  Status status = stream_->status();
  if (status.code() == Code::kOutOfRange) {
    // The events after last_seq_ are pruned, or the log is an older one now: go on from where it
    // is, the run's row tells the rest.
    v1::GetRunRequest request;
    request.set_run(id_);
    const auto answer = api_->get_run(request);
    if (answer.ok()) last_seq_ = answer->as_of_seq();
    status = answer.status();
  }
  if (!status.ok()) return lost(status);
  stream_.reset();
  if (!refresh_run(status)) return lost(status);
  if (run_finished(run_.state())) return {Kind::kFinished, {}, {}};
  retry_at_ = Clock::now() + kRetryMin;
  return {};
}

RunFollower::Update RunFollower::reconnect(std::chrono::milliseconds timeout) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(retry_at_ - Clock::now());
  if (left.count() > 0) {
    pause_for(std::min(left, timeout));
    if (left > timeout) return {};
    timeout -= left;
  }
  // Calls would fail fast, and with nobody waiting gRPC looks only every few seconds.
  if (disconnected_ && !api_->wait_connected(timeout)) return {};
  Status status;
  if (!refresh_run(status)) return lost(status);
  v1::WatchEventsRequest request;
  request.set_since_seq(last_seq_);
  request.set_run(id_);
  stream_ = api_->watch_events(request);
  failures_ = 0;
  if (!disconnected_) return {};
  disconnected_ = false;
  return {Kind::kReconnected, {}, {}};
}

RunFollower::Update RunFollower::next(std::chrono::milliseconds timeout) {
  if (stream_ == nullptr) return reconnect(timeout);
  v1::WatchEventsResponse batch;
  switch (stream_->next(timeout, batch)) {
    case EventStream::Got::kTimeout:
      return {};
    case EventStream::Got::kEnded:
      return stream_ended();
    case EventStream::Got::kEvents:
      break;
  }
  Update update{Kind::kEvents, {}, {}};
  for (v1::Event& event : *batch.mutable_events()) {
    if (event.seq() <= last_seq_) continue;
    last_seq_ = event.seq();
    update.events.push_back(std::move(event));
  }
  if (update.events.empty()) return {};
  return update;
}

}  // namespace weir::client
