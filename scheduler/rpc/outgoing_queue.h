// What waits to be sent to one worker, in two lanes. Messages of control (stop, acknowledge, …) do
// not wait for assignments, which wait for the values that they carry; neither lane changes its
// order. Values only: not thread-safe, its owner has the lock.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/ids.h"
#include "weir/worker/v1/worker.pb.h"

namespace weir::rpc {

class OutgoingQueue {
 public:
  struct Item {
    worker::v1::SchedulerMessage message;
    std::size_t bytes = 0;   // with those that are still to be filled in
    bool ready = false;      // its inline inputs are filled in
    bool withdrawn = false;  // nobody wants it to be sent any more
  };

  // `missing`: bytes of values that are still to be filled in; then it is not ready until filled().
  // A stop or an acknowledgement withdraws the assignment of its attempt that still waits here. A
  // revocation does not overtake it, for the worker must answer it.
  std::shared_ptr<Item> add(worker::v1::SchedulerMessage&& message, std::size_t missing);
  // Its values are filled in, as far as they were found.
  void filled(Item& item);
  // The newest heartbeat that is to be answered, before all else.
  void answer_heartbeat(std::int64_t sent_at_us) { heard_ = sent_at_us; }
  // What may be sent now, at most `bytes_max` or one message. Nothing when nothing is ready.
  std::optional<worker::v1::SessionResponse> next_frame(std::size_t bytes_max);

  std::size_t size() const { return control_.size() + work_.size(); }
  std::size_t bytes() const { return bytes_; }
  bool empty() const { return size() == 0; }
  void clear();

 private:
  using Lane = std::deque<std::shared_ptr<Item>>;
  bool overtakes(const worker::v1::SchedulerMessage& message);
  void take_ready(Lane& lane, std::size_t bytes_max, std::size_t& bytes,
                  worker::v1::SessionResponse& frame);

  Lane control_;
  Lane work_;  // assignments, and what must stay behind them
  std::unordered_map<base::AttemptKey, std::shared_ptr<Item>> assignments_;  // of work_
  std::size_t bytes_ = 0;
  std::optional<std::int64_t> heard_;
};

}  // namespace weir::rpc
