// The loop as the API edge sees it: where commands enter and where messages for workers leave, as
// interfaces over engine types, so that rpc and loop never include each other. Every implementation
// is safe to call from any thread unless a method says otherwise.
#pragma once

#include <cstdint>
#include <functional>

#include "base/status.h"
#include "engine/commands.h"
#include "engine/effects.h"

namespace weir::ports {

using engine::CommandBody;

// The loop's entrance. Answers come back through `ReplyHandler`, on the loop thread, after the
// commit: the handler must hand over and return.
using ReplyHandler = std::function<void(const engine::Reply&)>;

class Inbox {
 public:
  virtual ~Inbox() = default;
  // Takes a command; `on_reply` may be empty for commands without an answer (the loop fills in
  // `reply_to`). RESOURCE_EXHAUSTED when the inbox is full, UNAVAILABLE when the loop is stopping
  // or the store cannot be written.
  virtual base::Status post(CommandBody body, ReplyHandler on_reply = {}) = 0;
};

// Where the loop delivers messages for workers, after the commit, on the loop thread; must not
// block.
class SessionSink {
 public:
  virtual ~SessionSink() = default;
  virtual void send(const engine::Send& message) = 0;
  // Called once per batch, after its sends: a chance to flush frames. `last_seq` is the newest
  // committed event.
  virtual void batch_committed(std::int64_t last_seq) = 0;
  // The engine was reloaded: every session must end; workers connect again.
  virtual void close_all_sessions(const base::Status& reason) = 0;
};

}  // namespace weir::ports
