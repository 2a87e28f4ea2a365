// A message of control goes first only where the worker understands it without what it overtook: a
// stop and an acknowledgement of an attempt that was never sent leave nothing to send. Nothing here
// waits, and nothing is dropped but what its own stop withdrew.
#include "scheduler/rpc/outgoing_queue.h"

#include <utility>

#include "scheduler/rpc/convert/worker.h"

namespace weir::rpc {

namespace wire = worker::v1;

bool OutgoingQueue::overtakes(const wire::SchedulerMessage& message) {
  const auto withdraw = [this](const wire::AttemptId& attempt) {
    const auto found = assignments_.find(from_proto(attempt));
    if (found == assignments_.end()) return;
    found->second->withdrawn = true;
    assignments_.erase(found);
  };
  switch (message.message_case()) {
    case wire::SchedulerMessage::kAssign:
      return false;
    case wire::SchedulerMessage::kRevoke:
      return !assignments_.contains(from_proto(message.revoke().attempt()));
    case wire::SchedulerMessage::kStop:
      withdraw(message.stop().attempt());
      return true;
    case wire::SchedulerMessage::kAcknowledge:
      withdraw(message.acknowledge().attempt());
      return true;
    default:
      return true;
  }
}

std::shared_ptr<OutgoingQueue::Item> OutgoingQueue::add(wire::SchedulerMessage&& message,
                                                        std::size_t missing) {
  auto item = std::make_shared<Item>();
  item->message = std::move(message);
  item->bytes = item->message.ByteSizeLong() + missing;
  item->ready = missing == 0;
  bytes_ += item->bytes;
  if (overtakes(item->message)) {
    control_.push_back(item);
    return item;
  }
  if (item->message.has_assign()) {
    assignments_.insert_or_assign(from_proto(item->message.assign().attempt()), item);
  }
  work_.push_back(item);
  return item;
}

void OutgoingQueue::filled(Item& item) {
  item.ready = true;
  if (item.withdrawn) return;
  bytes_ -= item.bytes;
  item.bytes = item.message.ByteSizeLong();
  bytes_ += item.bytes;
}

void OutgoingQueue::take_ready(Lane& lane, std::size_t bytes_max, std::size_t& bytes,
                               wire::SessionResponse& frame) {
  while (!lane.empty() && (lane.front()->ready || lane.front()->withdrawn)) {
    Item& next = *lane.front();
    if (next.withdrawn) {
      bytes_ -= next.bytes;
    } else {
      if (frame.messages_size() > 0 && bytes + next.bytes > bytes_max) return;
      bytes += next.bytes;
      bytes_ -= next.bytes;
      if (next.message.has_assign()) {
        assignments_.erase(from_proto(next.message.assign().attempt()));
      }
      *frame.add_messages() = std::move(next.message);
    }
    lane.pop_front();
  }
}

std::optional<wire::SessionResponse> OutgoingQueue::next_frame(std::size_t bytes_max) {
  wire::SessionResponse frame;
  if (const auto heard = std::exchange(heard_, std::nullopt)) {
    frame.add_messages()->mutable_heard()->set_sent_at_us(*heard);
  }
  std::size_t bytes = 0;
  take_ready(control_, bytes_max, bytes, frame);
  if (control_.empty()) take_ready(work_, bytes_max, bytes, frame);
  if (frame.messages_size() == 0) return std::nullopt;
  return frame;
}

void OutgoingQueue::clear() {
  control_.clear();
  work_.clear();
  assignments_.clear();
  bytes_ = 0;
}

}  // namespace weir::rpc
