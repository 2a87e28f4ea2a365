// Events of the scheduler as they are committed, read by a thread of its own and taken from a
// bounded queue, so that the taker can wait with a timeout. One taker. Destroying the stream
// cancels the call and joins the thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/status.h"
#include "weir/v1/event_service.pb.h"

namespace weir::client {

inline constexpr std::size_t kEventBatchesMax =
    256;  // waiting in the queue; then the reader stops reading

class Connection;

class EventStream {
 public:
  enum class Got { kEvents, kTimeout, kEnded };

  EventStream(std::shared_ptr<Connection> connection, const v1::WatchEventsRequest& request);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // Waits for the next batch. kEnded: status() says why; the same is returned ever after.
  Got next(std::chrono::milliseconds timeout, v1::WatchEventsResponse& batch);

  // OK when the server ended the stream in order. Meaningful after kEnded.
  base::Status status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::client
