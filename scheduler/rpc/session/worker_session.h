// One worker's session: hello and welcome, then frames of messages both ways. Frames in become
// commands, messages out wait until the batch is committed; assignments also until the small inputs
// they carry are at hand, in order. What carries the frames is a SessionStream. Safe from any
// thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "scheduler/rpc/backend.h"
#include "scheduler/rpc/session/outgoing_queue.h"
#include "weir/worker/v1/worker.pb.h"

namespace weir::rpc {

// The carrier of a session: a stream of gRPC, or the other half of this process. It answers the
// session from elsewhere, never from within a call: all but write() are called with the session's
// lock held.
class SessionStream {
 public:
  virtual ~SessionStream() = default;
  // Wants the next frame: WorkerSession::on_frame().
  virtual void read() = 0;
  // One at a time, answered by on_written(), which may come before this returns.
  virtual void write(worker::v1::SessionResponse&& frame) = 0;
  // The last call but for cancel(); answered by on_done(). Every write was answered.
  virtual void finish(const base::Status& status) = 0;
  // Makes what is under way fail.
  virtual void cancel() = 0;
};

class WorkerSession final : public SessionPeer, public std::enable_shared_from_this<WorkerSession> {
 public:
  // `stream` lives until on_done(), or, where it is owned, as long as the session.
  WorkerSession(Backend& backend, std::shared_ptr<SessionStream> stream);
  ~WorkerSession() override;

  // RESOURCE_EXHAUSTED when this is one more than there may be: it must not be used.
  base::Status room() const;

  // SessionPeer
  void enqueue(const engine::Send& message) override;
  void flush() override;
  void close(const base::Status& reason) override;

  // What the stream says.
  void on_frame(worker::v1::SessionRequest& frame);
  void on_closed();  // the worker sends no more
  void on_written(bool ok);
  void on_canceled();
  void on_hello_overdue();
  void on_done();  // the last call

 private:
  base::Status take_frame(worker::v1::SessionRequest& frame);
  base::Status take_hello(worker::v1::Hello& hello);
  base::Status take_message(worker::v1::WorkerMessage&& message);
  void answer_heartbeat(std::int64_t sent_at_us);
  void acknowledge_foreign(const worker::v1::AttemptId& attempt);
  std::shared_ptr<OutgoingQueue::Item> push(worker::v1::SchedulerMessage&& message,
                                            std::size_t missing);
  void remember_values(const ports::CommandBody& command);

  void fill_welcome(const engine::Welcome& welcome, worker::v1::Welcome* out) const;
  // Puts cached bytes into the inputs; the bytes of those that the cache does not have.
  std::size_t fill_from_cache(worker::v1::SchedulerMessage& message) const;
  bool may_carry_values(const worker::v1::SchedulerMessage& message);
  void fill_from_store(const std::shared_ptr<OutgoingQueue::Item>& item);  // on a read thread
  // Sends what is ready unless a frame is under way. Without the lock: whoever the frame wakes up
  // needs it at once.
  void pump();
  std::optional<worker::v1::SessionResponse> next_frame();  // with the lock held
  void end(const base::Status& status);                     // with the lock held

  Backend& backend_;
  const std::shared_ptr<SessionStream> stream_;

  // Set by the hello, before the session is known to anybody else:
  base::SessionId id_;
  std::string worker_;  // its name
  bool same_host_ = false;

  std::mutex mutex_;
  // Guarded by mutex_; the message of an item that is not ready is not.
  OutgoingQueue queue_{kSessionFlowLimits};
  bool greeted_ = false;                 // hello was taken; guarded by mutex_
  bool finished_ = false;                // the stream was finished; guarded by mutex_
  std::optional<base::Status> closing_;  // end with it once the queue is sent; guarded by mutex_
  std::string end_reason_;               // for the engine; guarded by mutex_
};

}  // namespace weir::rpc
