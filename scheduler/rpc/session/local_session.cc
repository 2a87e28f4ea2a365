// The two ends of a session within the process. Frames go over on the thread that has them: the
// worker's, or the loop's. Answers that a session must not get from within its own call come from
// a read thread; there are few of them, none on the way of a task.
#include "scheduler/rpc/session/local_session.h"

#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/errors.h"
#include "scheduler/rpc/session/worker_session.h"

namespace weir::rpc {

namespace {

// The scheduler's end. The session keeps it, so that a frame that is being handed over while the
// worker lets go still has where to go.
class LocalStream final : public SessionStream {
 public:
  static std::shared_ptr<WorkerSession> open(Backend& backend,
                                             base::LocalSession::Handlers handlers) {
    const auto stream = std::make_shared<LocalStream>(backend, std::move(handlers));
    auto session = std::make_shared<WorkerSession>(backend, stream);
    stream->session_ = session;
    return session;
  }
  LocalStream(Backend& backend, base::LocalSession::Handlers handlers)
      : backend_(backend), handlers_(std::move(handlers)) {}

  void read() override {}
  void write(worker::v1::SessionResponse&& frame) override {
    const std::lock_guard lock(calls_);
    if (ended_) return;
    handlers_.received(std::make_shared<worker::v1::SessionResponse>(std::move(frame)));
  }
  void finish(const base::Status& status) override {
    {
      const std::lock_guard lock(calls_);  // a frame that is being handed over comes before
      ended_ = true;
      handlers_.ended(status);
    }
    backend_.reads.submit_ahead([session = session_.lock()] { session->on_done(); });
  }
  void cancel() override {
    backend_.reads.submit_ahead([session = session_.lock()] { session->on_written(false); });
  }

 private:
  Backend& backend_;
  const base::LocalSession::Handlers handlers_;
  std::weak_ptr<WorkerSession> session_;  // that which calls
  std::mutex calls_;                      // of the handlers
  bool ended_ = false;                    // guarded by calls_
};

}  // namespace

void LocalGate::open(Backend& backend) {
  const std::lock_guard lock(mutex_);
  CHECK(backend_ == nullptr);
  backend_ = &backend;
}

void LocalGate::shut(const base::Status& reason) {
  // Held before the worker can know: from here on its end does not finish a session any more.
  std::vector<std::shared_ptr<WorkerSession>> sessions;
  {
    const std::lock_guard lock(mutex_);
    backend_ = nullptr;
    for (const auto& weak : std::exchange(sessions_, {})) {
      if (auto session = weak.lock()) sessions.push_back(std::move(session));
    }
  }
  for (const auto& session : sessions) {
    session->close(reason);
    session->on_written(false);
    session->on_done();
  }
}

std::shared_ptr<WorkerSession> LocalGate::admit(const base::LocalSession::Handlers& handlers) {
  base::Status refused;
  {
    const std::lock_guard lock(mutex_);
    if (backend_ == nullptr) {
      refused = base::Status(base::Code::kUnavailable, base::kErrShuttingDown,
                             "the scheduler is shutting down");
    } else {
      auto session = LocalStream::open(*backend_, handlers);
      refused = session->room();
      if (refused.ok()) {
        std::erase_if(sessions_, [](const auto& weak) { return weak.expired(); });
        sessions_.push_back(session);
        return session;
      }
    }
  }
  handlers.ended(refused);
  return nullptr;
}

namespace {

// The worker's end.
class LocalSessionEnd final : public base::LocalSession {
 public:
  LocalSessionEnd(std::shared_ptr<LocalGate> gate, std::shared_ptr<WorkerSession> session)
      : gate_(std::move(gate)), session_(std::move(session)) {}
  ~LocalSessionEnd() override { end(); }

  void send(worker::v1::SessionRequest&& frame) override {
    enter([&](WorkerSession& session) { session.on_frame(frame); });
  }

  void taken() override {
    enter([](WorkerSession& session) { session.on_written(true); });
  }

  void end() override {
    enter([](WorkerSession& session) {
      session.on_closed();
      session.on_written(false);
    });
  }

 private:
  template <class Work>
  void enter(Work work) {
    if (session_) gate_->enter([&] { work(*session_); });
  }

  const std::shared_ptr<LocalGate> gate_;
  const std::shared_ptr<WorkerSession> session_;  // null when it was refused
};

}  // namespace

std::unique_ptr<base::LocalSession> open_local_session(
    const std::shared_ptr<LocalGate>& gate, const base::LocalSession::Handlers& handlers) {
  return std::make_unique<LocalSessionEnd>(gate, gate->admit(handlers));
}

}  // namespace weir::rpc
