// The flow of messages to one worker, whatever carries them: what waits for the stream, in two
// lanes, what goes into the next frame, and whether the worker takes what it is sent. Messages of
// control do not wait for assignments, which wait for the values that they carry; neither lane
// changes its order. Pure values: not thread-safe, its owner has the lock and the clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/ids.h"

namespace weir::rpc {

// What a message may overtake. Control goes ahead of assignments only where the worker understands
// it without them.
enum class MessageClass {
  kAssign,
  kWithdraws,  // control; an assignment of its attempt that still waits is not sent any more
  kFollows,    // control, but for an assignment of its attempt that still waits: it is the answer
  kControl,
};

struct FlowLimits {
  std::size_t frame_bytes_max = 0;  // but for a frame of one message
  // What may wait for a worker that has taken nothing for stall_max, and for any.
  std::size_t messages_max = 0, bytes_max = 0;
  std::size_t messages_hard_max = 0, bytes_hard_max = 0;
  std::chrono::microseconds stall_max{};
};

// `Carrier` says what the messages are: types Message and Frame, and static functions
// MessageClass class_of(const Message&), AttemptKey attempt_of(const Message&) (asked of all but
// control), std::size_t bytes_of(const Message&), void add(Frame&, Message&&) and
// void add_heard(Frame&, std::int64_t sent_at_us).
template <class Carrier>
class SessionFlow {
 public:
  using Message = typename Carrier::Message;
  using Frame = typename Carrier::Frame;
  using Instant = std::chrono::steady_clock::time_point;

  struct Item {
    Message message;
    std::size_t bytes = 0;   // with those that are still to be filled in
    bool ready = false;      // its inline inputs are filled in
    bool withdrawn = false;  // nobody wants it to be sent any more
  };

  explicit SessionFlow(const FlowLimits& limits) : limits_(limits) {}

  // `missing`: bytes of values that are still to be filled in; then it is not ready until filled().
  std::shared_ptr<Item> add(Message&& message, std::size_t missing);
  // Its values are filled in, as far as they were found.
  void filled(Item& item);
  // The newest heartbeat that is to be answered, before all else.
  void answer_heartbeat(std::int64_t sent_at_us) { heard_ = sent_at_us; }

  // What may be sent now; it is under way until written(). Nothing while one is, or when nothing is
  // ready.
  std::optional<Frame> next_frame(Instant now);
  // The stream took the frame that was under way, or ended.
  void written(Instant now);
  bool writing() const { return writing_; }
  // More waits than may wait for a worker that takes nothing, or than may wait at all: cut it off.
  bool overfull(Instant now) const;

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return size() == 0; }
  void clear();

 private:
  using Lane = std::deque<std::shared_ptr<Item>>;
  std::size_t size() const { return control_.size() + work_.size(); }
  bool overtakes(const Message& message);
  // Whether there was something.
  bool take_ready(Lane& lane, std::size_t& bytes, bool any, Frame& frame);

  FlowLimits limits_;
  Lane control_;
  Lane work_;  // assignments, and what must stay behind them
  std::unordered_map<base::AttemptKey, std::shared_ptr<Item>> assignments_;  // of work_
  std::size_t bytes_ = 0;
  std::optional<std::int64_t> heard_;
  bool writing_ = false;
  Instant taken_at_{};  // when the worker last took a frame, or was offered the one under way
};

template <class Carrier>
bool SessionFlow<Carrier>::overtakes(const Message& message) {
  const MessageClass kind = Carrier::class_of(message);
  if (kind == MessageClass::kControl) return true;
  if (kind == MessageClass::kAssign) return false;
  const auto found = assignments_.find(Carrier::attempt_of(message));
  if (found == assignments_.end()) return true;
  if (kind == MessageClass::kFollows) return false;
  found->second->withdrawn = true;
  assignments_.erase(found);
  return true;
}

template <class Carrier>
auto SessionFlow<Carrier>::add(Message&& message, std::size_t missing) -> std::shared_ptr<Item> {
  auto item = std::make_shared<Item>();
  item->message = std::move(message);
  item->bytes = Carrier::bytes_of(item->message) + missing;
  item->ready = missing == 0;
  bytes_ += item->bytes;
  if (overtakes(item->message)) {
    control_.push_back(item);
    return item;
  }
  if (Carrier::class_of(item->message) == MessageClass::kAssign) {
    assignments_.insert_or_assign(Carrier::attempt_of(item->message), item);
  }
  work_.push_back(item);
  return item;
}

template <class Carrier>
void SessionFlow<Carrier>::filled(Item& item) {
  item.ready = true;
  if (item.withdrawn) return;
  bytes_ -= item.bytes;
  item.bytes = Carrier::bytes_of(item.message);
  bytes_ += item.bytes;
}

template <class Carrier>
bool SessionFlow<Carrier>::take_ready(Lane& lane, std::size_t& bytes, bool any, Frame& frame) {
  while (!lane.empty() && (lane.front()->ready || lane.front()->withdrawn)) {
    Item& next = *lane.front();
    if (!next.withdrawn) {
      if (any && bytes + next.bytes > limits_.frame_bytes_max) return any;
      bytes += next.bytes;
      any = true;
      if (Carrier::class_of(next.message) == MessageClass::kAssign) {
        assignments_.erase(Carrier::attempt_of(next.message));
      }
      Carrier::add(frame, std::move(next.message));
    }
    bytes_ -= next.bytes;
    lane.pop_front();
  }
  return any;
}

template <class Carrier>
auto SessionFlow<Carrier>::next_frame(Instant now) -> std::optional<Frame> {
  if (writing_) return std::nullopt;
  Frame frame;
  const auto heard = std::exchange(heard_, std::nullopt);
  if (heard) Carrier::add_heard(frame, *heard);
  std::size_t bytes = 0;
  bool any = take_ready(control_, bytes, heard.has_value(), frame);
  if (control_.empty()) any = take_ready(work_, bytes, any, frame);
  if (!any) return std::nullopt;
  writing_ = true;
  taken_at_ = now;
  return frame;
}

template <class Carrier>
void SessionFlow<Carrier>::written(Instant now) {
  writing_ = false;
  taken_at_ = now;
}

template <class Carrier>
bool SessionFlow<Carrier>::overfull(Instant now) const {
  if (size() > limits_.messages_hard_max || bytes_ > limits_.bytes_hard_max) return true;
  if (size() <= limits_.messages_max && bytes_ <= limits_.bytes_max) return false;
  return writing_ && now - taken_at_ > limits_.stall_max;
}

template <class Carrier>
void SessionFlow<Carrier>::clear() {
  control_.clear();
  work_.clear();
  assignments_.clear();
  bytes_ = 0;
}

}  // namespace weir::rpc
