// The agent's session with the scheduler: messages that are ready together travel in one frame.
// What carries the frames is a stream of gRPC, or the scheduler's half of this process. A new
// connection is a new object. For the agent's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/local_session.h"
#include "weir/worker/v1/worker.grpc.pb.h"
#include "worker/agent/link.h"

namespace weir::worker {

inline constexpr std::size_t kFrameSoftBytes =
    2 << 20;  // a frame is closed when it is larger than this
inline constexpr int kFrameMessagesMax = 2048;

class Session {
 public:
  // Called on any thread; they only hand over.
  using Handlers = base::LocalSession::Handlers;
  virtual ~Session() = default;

  // Queues a message; flush() sends what is queued.
  virtual void queue(v1::WorkerMessage&& message) = 0;
  virtual void flush() = 0;
  // Ends the session once everything queued is sent.
  virtual void finish() = 0;
  // Ends it now.
  virtual void cancel() = 0;
  // The frame that was received is worked on.
  virtual void taken() = 0;
};

// Keeps the stub, and with it the connection, as long as the stream is open.
std::shared_ptr<Session> open_grpc_session(std::shared_ptr<v1::WorkerProtocolService::Stub> stub,
                                           const Link& link, Session::Handlers handlers);
std::shared_ptr<Session> open_local_session(const base::OpenLocalSession& open,
                                            Session::Handlers handlers);

// Frames that came together, in their order.
using ReceivedFrames = std::vector<std::shared_ptr<v1::SessionResponse>>;

// Visits every message once: those that overtake first, then the others, both in their order. What
// overtakes is asked before anything is visited.
void visit_by_urgency(const ReceivedFrames& frames,
                      const std::function<bool(const v1::SchedulerMessage&)>& overtakes,
                      const std::function<void(v1::SchedulerMessage&)>& visit);

// Frames that wait to be sent. One thread, or under the owner's lock.
class FrameQueue {
 public:
  void add(v1::WorkerMessage&& message);
  std::optional<v1::SessionRequest> next();
  void clear() { frames_.clear(); }

 private:
  std::deque<v1::SessionRequest> frames_;
  std::size_t last_bytes_ = 0;  // of the one at the back
};

}  // namespace weir::worker
