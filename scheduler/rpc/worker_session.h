// One worker's stream: hello and welcome, then frames of messages both ways. Frames in become
// commands, messages out wait until the batch is committed and until the small inputs they carry
// are at hand, in order. Brings gRPC's headers: for worker_session.cc and
// worker_protocol_service.cc only.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <grpcpp/alarm.h>

#include "scheduler/rpc/call.h"
#include "weir/worker/v1/worker.pb.h"

namespace weir::rpc {

using SessionReactor =
    grpc::ServerBidiReactor<worker::v1::SessionRequest, worker::v1::SessionResponse>;

class WorkerSession final : public SessionReactor,
                            public SessionPeer,
                            public std::enable_shared_from_this<WorkerSession> {
 public:
  // `context` lives until OnDone.
  static SessionReactor* start(Edge& edge, grpc::CallbackServerContext* context);

  WorkerSession(Edge& edge, grpc::CallbackServerContext* context);
  ~WorkerSession() override;

  // SessionPeer
  void enqueue(const engine::Send& message) override;
  void flush() override;
  void close(const base::Status& reason) override;

  // Reactor
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // A message that waits to be sent.
  struct Outgoing {
    worker::v1::SchedulerMessage message;
    std::size_t bytes = 0;  // with those that are still to be filled in
    bool ready = false;     // its inline inputs are filled in; guarded by mutex_
  };

  base::Status take_frame();
  base::Status take_hello(const worker::v1::Hello& hello);
  base::Status take_message(worker::v1::WorkerMessage&& message);
  void remember_values(const engine::CommandBody& command);

  void fill_welcome(const engine::Welcome& welcome, worker::v1::Welcome* out) const;
  // Puts cached bytes into the inputs; the bytes of those that the cache does not have.
  std::size_t fill_from_cache(worker::v1::SchedulerMessage& message) const;
  bool may_carry_values(const worker::v1::SchedulerMessage& message);
  bool does_not_read() const;                                       // with the lock held
  void fill_from_store(const std::shared_ptr<Outgoing>& outgoing);  // on a read thread
  void pump();                                                      // with the lock held
  void end(const base::Status& status);                             // with the lock held

  Edge& edge_;
  grpc::CallbackServerContext* const context_;
  worker::v1::SessionRequest request_;  // of the read that is under way

  // Set by the hello, before the session is known to anybody else:
  base::SessionId id_;
  std::string worker_;  // its name
  bool same_host_ = false;

  std::mutex mutex_;
  std::deque<std::shared_ptr<Outgoing>> queue_;  // guarded by mutex_
  std::size_t queue_bytes_ = 0;                  // guarded by mutex_
  worker::v1::SessionResponse frame_;            // being written while writing_
  bool greeted_ = false;                         // hello was taken; guarded by mutex_
  bool writing_ = false;                         // guarded by mutex_
  // When the worker last took a frame, or when the one that it should take was offered; guarded by
  // mutex_.
  std::chrono::steady_clock::time_point taken_at_{};
  bool finished_ = false;                // Finish was called; guarded by mutex_
  std::optional<base::Status> closing_;  // end with it once the queue is sent; guarded by mutex_
  std::string end_reason_;               // for the engine; guarded by mutex_
  grpc::Alarm hello_alarm_;
  std::shared_ptr<WorkerSession> self_;  // until OnDone
};

}  // namespace weir::rpc
