// A worker's session that no socket carries: how the scheduler and the worker of one process reach
// each other while neither includes the other. The messages are those of the worker protocol, and
// what they mean is the same; only the way is shorter. Types only; names the messages without
// their headers.
#pragma once

#include <functional>
#include <memory>

#include "base/status.h"

namespace weir::worker::v1 {
class SessionRequest;
class SessionResponse;
}  // namespace weir::worker::v1

namespace weir::base {

// The worker's end. One thread at a time; its methods never block.
class LocalSession {
 public:
  // Called on any thread, also from within a method of the session.
  struct Handlers {
    // One frame; the next one comes after taken().
    std::function<void(std::shared_ptr<worker::v1::SessionResponse>)> received;
    std::function<void(const Status&)> ended;  // the last call
  };
  virtual ~LocalSession() = default;  // as end()
  // Hands a frame over at once. Nothing happens once the session has ended.
  virtual void send(worker::v1::SessionRequest&& frame) = 0;
  virtual void taken() = 0;
  virtual void end() = 0;
};

// Opens a session; never null. One that is refused has ended: `ended` says why.
using OpenLocalSession = std::function<std::unique_ptr<LocalSession>(LocalSession::Handlers)>;

}  // namespace weir::base
