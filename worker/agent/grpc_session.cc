// One write at a time, as gRPC wants it; what is queued meanwhile is merged into frames. The
// outstanding read keeps the stream open: once it has failed, nothing may be started any
// more. Callbacks come on gRPC's threads.
#include <mutex>
#include <utility>

#include "worker/agent/session.h"

namespace weir::worker {
namespace {

class GrpcSession final : public Session,
                          public grpc::ClientBidiReactor<v1::SessionRequest, v1::SessionResponse> {
 public:
  using Stub = v1::WorkerProtocolService::Stub;

  explicit GrpcSession(Handlers handlers) : handlers_(std::move(handlers)) {}

  // Opens the stream, which keeps the object alive until it has ended.
  static std::shared_ptr<Session> open(std::shared_ptr<Stub> stub, const Link& link,
                                       Handlers handlers);

  void queue(v1::WorkerMessage&& message) override;
  void flush() override;
  void finish() override;
  void cancel() override { context_.TryCancel(); }
  void taken() override {}

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  void pump();  // with mutex_ held

  Handlers handlers_;
  std::shared_ptr<Stub> stub_;
  grpc::ClientContext context_;
  std::shared_ptr<v1::SessionResponse> incoming_;
  std::shared_ptr<GrpcSession> self_;  // until OnDone
  std::mutex mutex_;
  // ---- guarded by mutex_ ----
  FrameQueue queue_;
  v1::SessionRequest outgoing_;
  bool writing_ = false;
  bool finishing_ = false;
  bool writes_done_ = false;
  bool dead_ = false;
};

std::shared_ptr<Session> GrpcSession::open(std::shared_ptr<Stub> stub, const Link& link,
                                           Handlers handlers) {
  const auto session = std::make_shared<GrpcSession>(std::move(handlers));
  const base::Status authorized = link.authorize(session->context_);
  if (!authorized.ok()) {
    session->dead_ = true;
    session->handlers_.ended(authorized);
    return session;
  }
  session->self_ = session;
  session->incoming_ = std::make_shared<v1::SessionResponse>();
  session->stub_ = std::move(stub);
  session->stub_->async()->Session(&session->context_, session.get());
  session->StartRead(session->incoming_.get());
  session->StartCall();
  return session;
}

void GrpcSession::queue(v1::WorkerMessage&& message) {
  const std::lock_guard lock(mutex_);
  if (!dead_) queue_.add(std::move(message));
}

void GrpcSession::flush() {
  const std::lock_guard lock(mutex_);
  pump();
}

void GrpcSession::finish() {
  const std::lock_guard lock(mutex_);
  finishing_ = true;
  pump();
}

void GrpcSession::pump() {
  if (writing_ || dead_) return;
  if (auto frame = queue_.next()) {
    outgoing_ = std::move(*frame);
    writing_ = true;
    StartWrite(&outgoing_);
  } else if (finishing_ && !writes_done_) {
    writes_done_ = true;
    StartWritesDone();
  }
}

void GrpcSession::OnReadDone(bool ok) {
  if (!ok) {
    // OnDone follows. Nothing may be started any more: until now this read kept the stream open.
    const std::lock_guard lock(mutex_);
    dead_ = true;
    return;
  }
  handlers_.received(std::exchange(incoming_, std::make_shared<v1::SessionResponse>()));
  StartRead(incoming_.get());
}

void GrpcSession::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  dead_ = dead_ || !ok;
  pump();
}

void GrpcSession::OnDone(const grpc::Status& status) {
  const std::shared_ptr<GrpcSession> last = std::move(self_);
  {
    const std::lock_guard lock(mutex_);
    dead_ = true;
    queue_.clear();
  }
  handlers_.ended(from_grpc(status));
}

}  // namespace

std::shared_ptr<Session> open_grpc_session(std::shared_ptr<v1::WorkerProtocolService::Stub> stub,
                                           const Link& link, Session::Handlers handlers) {
  return GrpcSession::open(std::move(stub), link, std::move(handlers));
}

}  // namespace weir::worker
