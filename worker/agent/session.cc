// One write at a time, as gRPC wants it; what is queued meanwhile is merged into frames. The
// outstanding read keeps the stream open: once it has failed, nothing may be started any
// more.
#include "worker/agent/session.h"

namespace weir::worker {

std::shared_ptr<Session> Session::open(v1::WorkerProtocolService::Stub& stub, const Link& link,
                                       Handlers handlers) {
  const auto session = std::make_shared<Session>(Private{}, std::move(handlers));
  const base::Status authorized = link.authorize(session->context_);
  if (!authorized.ok()) {
    session->dead_ = true;
    session->handlers_.ended(authorized);
    return session;
  }
  session->self_ = session;
  session->incoming_ = std::make_shared<v1::SessionResponse>();
  stub.async()->Session(&session->context_, session.get());
  session->StartRead(session->incoming_.get());
  session->StartCall();
  return session;
}

void Session::queue(v1::WorkerMessage&& message) {
  const std::size_t bytes = message.ByteSizeLong();
  const std::lock_guard lock(mutex_);
  if (dead_) return;
  if (queue_.empty() || queue_.back().messages_size() >= kFrameMessagesMax ||
      last_bytes_ + bytes > kFrameSoftBytes) {
    queue_.emplace_back();
    last_bytes_ = 0;
  }
  last_bytes_ += bytes;
  *queue_.back().add_messages() = std::move(message);
}

void Session::flush() {
  const std::lock_guard lock(mutex_);
  pump();
}

void Session::finish() {
  const std::lock_guard lock(mutex_);
  finishing_ = true;
  pump();
}

void Session::pump() {
  if (writing_ || dead_) return;
  if (!queue_.empty()) {
    outgoing_ = std::move(queue_.front());
    queue_.pop_front();
    writing_ = true;
    StartWrite(&outgoing_);
  } else if (finishing_ && !writes_done_) {
    writes_done_ = true;
    StartWritesDone();
  }
}

void Session::OnReadDone(bool ok) {
  if (!ok) {
    // OnDone follows. Nothing may be started any more: until now this read kept the stream open.
    const std::lock_guard lock(mutex_);
    dead_ = true;
    return;
  }
  handlers_.received(std::exchange(incoming_, std::make_shared<v1::SessionResponse>()));
  StartRead(incoming_.get());
}

void Session::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  dead_ = dead_ || !ok;
  pump();
}

void Session::OnDone(const grpc::Status& status) {
  const std::shared_ptr<Session> last = std::move(self_);
  {
    const std::lock_guard lock(mutex_);
    dead_ = true;
    queue_.clear();
  }
  handlers_.ended(from_grpc(status));
}

}  // namespace weir::worker
