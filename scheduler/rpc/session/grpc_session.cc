// Between gRPC's callbacks and the session. gRPC answers on its own threads, never from within
// StartRead, StartWrite or Finish, as SessionStream asks. What the messages mean is the session's
// business alone.
#include "scheduler/rpc/session/grpc_session.h"

#include <utility>

namespace weir::rpc {

SessionReactor* GrpcSession::start(Backend& backend, grpc::CallbackServerContext& context) {
  auto owned = std::make_unique<GrpcSession>(Private{}, backend, context);
  GrpcSession& self = *owned;
  if (const base::Status room = self.session_->room(); !room.ok()) {
    return Refusal<SessionReactor>::make(room);
  }
  self.self_ = std::move(owned);
  self.hello_alarm_.Set(std::chrono::system_clock::now() + kHelloDeadline,
                        [weak = std::weak_ptr(self.session_)](bool expired) {
                          const auto session = expired ? weak.lock() : nullptr;
                          if (session) session->on_hello_overdue();
                        });
  self.StartRead(&self.incoming_);
  return &self;
}

GrpcSession::GrpcSession(Private, Backend& backend, grpc::CallbackServerContext& context)
    : context_(context),
      session_(std::make_shared<WorkerSession>(
          backend, std::shared_ptr<SessionStream>(std::shared_ptr<void>(), this))) {}

void GrpcSession::read() {
  incoming_.Clear();
  StartRead(&incoming_);
}

void GrpcSession::write(worker::v1::SessionResponse&& frame) {
  outgoing_ = std::move(frame);
  StartWrite(&outgoing_);
}

void GrpcSession::finish(const base::Status& status) { Finish(to_grpc(status)); }

void GrpcSession::cancel() { context_.TryCancel(); }

void GrpcSession::OnReadDone(bool ok) {
  if (ok) return session_->on_frame(incoming_);
  session_->on_closed();
}

void GrpcSession::OnWriteDone(bool ok) { session_->on_written(ok); }

void GrpcSession::OnCancel() { session_->on_canceled(); }

void GrpcSession::OnDone() {
  session_->on_done();
  hello_alarm_.Cancel();
  const std::unique_ptr<GrpcSession> last = std::move(self_);
}

}  // namespace weir::rpc
