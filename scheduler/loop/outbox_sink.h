// Where rows of the outbox are delivered: at least once, each until it succeeded.
#pragma once

#include "scheduler/engine/records.h"

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
