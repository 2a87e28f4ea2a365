// The reader thread and its queue. The mutex guards the queue, the end and its status; the context
// is cancelled from the destructor, which gRPC allows from any thread.
// One reader thread, one taker.
#include "sdk/client/event_stream.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "sdk/client/connection.h"
#include "weir/v1/event_service.grpc.pb.h"

namespace weir::client {

struct EventStream::Impl {
  explicit Impl(std::shared_ptr<Connection> with) : connection(std::move(with)) {}

  void read(const v1::WatchEventsRequest& request) {
    const auto stub = v1::EventService::NewStub(connection->channel());
    const auto reader = stub->WatchEvents(&context, request);
    v1::WatchEventsResponse batch;
    while (reader->Read(&batch)) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return queue.size() < kEventBatchesMax || stopping; });
      if (stopping) break;
      queue.push_back(std::move(batch));
      batch.Clear();
      changed.notify_all();
    }
    const base::Status end = connection->convert(reader->Finish());
    const std::lock_guard lock(mutex);
    status = end;
    ended = true;
    changed.notify_all();
  }

  std::shared_ptr<Connection> connection;
  grpc::ClientContext context;
  mutable std::mutex mutex;
  std::condition_variable changed;  // any of the below, all guarded by mutex
  std::deque<v1::WatchEventsResponse> queue;
  bool stopping = false;
  bool ended = false;
  base::Status status;
  std::jthread thread;  // last: joined before the rest goes
};

EventStream::EventStream(std::shared_ptr<Connection> connection,
                         const v1::WatchEventsRequest& request)
    : impl_(std::make_unique<Impl>(std::move(connection))) {
  impl_->connection->prepare_stream(impl_->context);
  impl_->thread = std::jthread([impl = impl_.get(), request] { impl->read(request); });
}

EventStream::~EventStream() {
  impl_->context.TryCancel();
  const std::lock_guard lock(impl_->mutex);
  impl_->stopping = true;
  impl_->changed.notify_all();
}

EventStream::Got EventStream::next(std::chrono::milliseconds timeout,
                                   v1::WatchEventsResponse& batch) {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait_for(lock, timeout, [this] { return !impl_->queue.empty() || impl_->ended; });
  if (!impl_->queue.empty()) {
    batch = std::move(impl_->queue.front());
    impl_->queue.pop_front();
    impl_->changed.notify_all();
    return Got::kEvents;
  }
  return impl_->ended ? Got::kEnded : Got::kTimeout;
}

base::Status EventStream::status() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->status;
}

}  // namespace weir::client
