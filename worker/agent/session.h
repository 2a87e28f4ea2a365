// One stream to the scheduler. Messages that are ready together travel in one frame. Callbacks
// come on gRPC's threads and only hand over; methods are safe from any thread. A new connection
// is a new object.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "weir/worker/v1/worker.grpc.pb.h"
#include "worker/agent/link.h"

namespace weir::worker {

inline constexpr std::size_t kFrameSoftBytes =
    2 << 20;  // a frame is closed when it is larger than this
inline constexpr int kFrameMessagesMax = 2048;

class Session final : public grpc::ClientBidiReactor<v1::SessionRequest, v1::SessionResponse> {
 public:
  struct Handlers {
    std::function<void(std::shared_ptr<v1::SessionResponse>)> received;
    std::function<void(base::Status)> ended;  // the last call
  };
  // Only open() makes sessions.
  struct Private {};
  Session(Private, Handlers handlers) : handlers_(std::move(handlers)) {}
  // Opens the stream. The object keeps itself alive until the stream has ended.
  static std::shared_ptr<Session> open(v1::WorkerProtocolService::Stub& stub, const Link& link,
                                       Handlers handlers);

  // Queues a message; flush() sends what is queued.
  void queue(v1::WorkerMessage&& message);
  void flush();
  // Ends the stream once everything queued is sent.
  void finish();
  // Ends the stream now.
  void cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  void pump();  // with mutex_ held

  Handlers handlers_;
  grpc::ClientContext context_;
  std::shared_ptr<v1::SessionResponse> incoming_;
  std::shared_ptr<Session> self_;  // until OnDone
  std::mutex mutex_;
  // ---- guarded by mutex_ ----
  std::deque<v1::SessionRequest> queue_;
  std::size_t last_bytes_ = 0;  // of the frame at the back of queue_
  v1::SessionRequest outgoing_;
  bool writing_ = false;
  bool finishing_ = false;
  bool writes_done_ = false;
  bool dead_ = false;
};

}  // namespace weir::worker
