// Where rows of the outbox are delivered: at least once, each until it succeeded. The loop offers,
// the sink delivers on a thread of its own and says so by a command; neither waits for the other.
// The interface only: alerts::AlertOutbox is the one that the scheduler uses.
#pragma once

#include "engine/records.h"

namespace weir::loop {

class OutboxSink {
 public:
  virtual ~OutboxSink() = default;
  // Called on the loop's thread after the row was committed, and again for rows that may be under
  // way: the sink knows them by their id. False when there is no room; the row is offered again
  // later. Must not block. After a success the sink posts OutboxDelivered.
  virtual bool offer(const engine::OutboxRow& row) = 0;
};

}  // namespace weir::loop
