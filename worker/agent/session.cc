// Frames, and the session without a socket: there a frame is taken at once, on the agent's thread,
// so nothing waits and nothing needs a lock. The session over gRPC is in grpc_session.cc and knows
// nothing of this one.
#include "worker/agent/session.h"

#include <utility>

namespace weir::worker {

void visit_by_urgency(const ReceivedFrames& frames,
                      const std::function<bool(const v1::SchedulerMessage&)>& overtakes,
                      const std::function<void(v1::SchedulerMessage&)>& visit) {
  std::vector<v1::SchedulerMessage*> urgent;
  std::vector<v1::SchedulerMessage*> others;
  for (const auto& frame : frames) {
    for (v1::SchedulerMessage& message : *frame->mutable_messages()) {
      (overtakes(message) ? urgent : others).push_back(&message);
    }
  }
  for (v1::SchedulerMessage* message : urgent) visit(*message);
  for (v1::SchedulerMessage* message : others) visit(*message);
}

void FrameQueue::add(v1::WorkerMessage&& message) {
  const std::size_t bytes = message.ByteSizeLong();
  if (frames_.empty() || frames_.back().messages_size() >= kFrameMessagesMax ||
      last_bytes_ + bytes > kFrameSoftBytes) {
    frames_.emplace_back();
    last_bytes_ = 0;
  }
  last_bytes_ += bytes;
  *frames_.back().add_messages() = std::move(message);
}

std::optional<v1::SessionRequest> FrameQueue::next() {
  if (frames_.empty()) return std::nullopt;
  v1::SessionRequest frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

namespace {

class LocalSession final : public Session {
 public:
  explicit LocalSession(std::unique_ptr<base::LocalSession> other_end)
      : other_end_(std::move(other_end)) {}

  void queue(v1::WorkerMessage&& message) override { queue_.add(std::move(message)); }
  void flush() override {
    while (auto frame = queue_.next()) other_end_->send(std::move(*frame));
  }
  void finish() override {
    flush();
    other_end_->end();
  }
  void cancel() override { other_end_->end(); }
  void taken() override { other_end_->taken(); }

 private:
  const std::unique_ptr<base::LocalSession> other_end_;
  FrameQueue queue_;
};

}  // namespace

std::shared_ptr<Session> open_local_session(const base::OpenLocalSession& open,
                                            Session::Handlers handlers) {
  return std::make_shared<LocalSession>(open(std::move(handlers)));
}

}  // namespace weir::worker
