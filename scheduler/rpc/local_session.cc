// The two ends of a session within the process. Frames go over on the thread that has them: the
// worker's, or the loop's. Answers that a session must not get from within its own call come from
// a read thread; there are few of them, none on the way of a task.
#include "scheduler/rpc/local_session.h"

#include <mutex>
#include <utility>

#include "scheduler/rpc/worker_session.h"
#include "sdk/base/check.h"
#include "sdk/base/errors.h"

namespace weir::rpc {

// The scheduler's end, and the owner of the session. The worker's end keeps it, and finishes the
// session before it lets go: the session has no use for its stream after that.
class LocalStream final : public SessionStream {
 public:
  LocalStream(Edge& edge, base::LocalSession::Handlers handlers)
      : edge_(edge),
        handlers_(std::move(handlers)),
        session_(std::make_shared<WorkerSession>(edge, *this)) {}

  // Inside the gate only.
  WorkerSession& session() { return *session_; }

  // Nobody is inside the gate any more.
  void end(const base::Status& reason) {
    session_->close(reason);
    session_->on_written(false);
    session_->on_done();
    session_.reset();
  }

  void read() override {}
  void write(worker::v1::SessionResponse&& frame) override {
    handlers_.received(std::make_shared<worker::v1::SessionResponse>(std::move(frame)));
  }
  void finish(const base::Status& status) override {
    handlers_.ended(status);
    edge_.reads.submit_step([session = session_] { session->on_done(); });
  }
  void cancel() override {
    edge_.reads.submit_step([session = session_] { session->on_written(false); });
  }

 private:
  Edge& edge_;
  const base::LocalSession::Handlers handlers_;
  std::shared_ptr<WorkerSession> session_;  // null once the gate is shut
};

void LocalGate::open(Edge& edge) {
  const std::lock_guard lock(mutex_);
  CHECK(edge_ == nullptr);
  edge_ = &edge;
}

void LocalGate::shut(const base::Status& reason) {
  // Held before the worker can know: from here on its end does not finish a session any more.
  std::vector<std::shared_ptr<LocalStream>> streams;
  {
    const std::lock_guard lock(mutex_);
    edge_ = nullptr;
    for (const auto& weak : std::exchange(streams_, {})) {
      if (auto stream = weak.lock()) streams.push_back(std::move(stream));
    }
  }
  for (const auto& stream : streams) stream->end(reason);
}

std::shared_ptr<LocalStream> LocalGate::admit(const base::LocalSession::Handlers& handlers) {
  base::Status refused;
  {
    const std::lock_guard lock(mutex_);
    if (edge_ == nullptr) {
      refused = base::Status(base::Code::kUnavailable, base::kErrShuttingDown,
                             "the scheduler is shutting down");
    } else {
      auto stream = std::make_shared<LocalStream>(*edge_, handlers);
      refused = stream->session().room();
      if (refused.ok()) {
        std::erase_if(streams_, [](const auto& weak) { return weak.expired(); });
        streams_.push_back(stream);
        return stream;
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
  LocalSessionEnd(std::shared_ptr<LocalGate> gate, std::shared_ptr<LocalStream> stream)
      : gate_(std::move(gate)), stream_(std::move(stream)) {}
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
    if (stream_) gate_->enter([&] { work(stream_->session()); });
  }

  const std::shared_ptr<LocalGate> gate_;
  const std::shared_ptr<LocalStream> stream_;  // null when the session was refused
};

}  // namespace

std::unique_ptr<base::LocalSession> open_local_session(
    const std::shared_ptr<LocalGate>& gate, const base::LocalSession::Handlers& handlers) {
  return std::make_unique<LocalSessionEnd>(gate, gate->admit(handlers));
}

}  // namespace weir::rpc
