// Virtual time: what will happen when. Events of one instant happen in the order in which they were
// planned, so that a seed always plays the same. Owned by one simulation and used by its one
// thread; never looks at a real clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace weir::simulation {

using base::Duration;

class Agenda {
 public:
  using Action = std::function<void()>;

  Duration now() const { return now_; }
  void at(Duration when, Action action) {
    events_.push({std::max(when, now_), ++planned_, std::move(action)});
  }
  void in(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  // Takes the next event and performs it; false when there is none up to `until`, which is then
  // now.
  bool step(Duration until) {
    if (events_.empty() || events_.top().at > until) {
      now_ = std::max(now_, until);
      return false;
    }
    now_ = events_.top().at;
    const Action action = std::move(const_cast<Event&>(events_.top()).action);
    events_.pop();
    action();
    return true;
  }

 private:
  struct Event {
    Duration at{};
    std::uint64_t order = 0;
    Action action;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  Duration now_{};
  std::uint64_t planned_ = 0;
  std::priority_queue<Event> events_;
};

}  // namespace weir::simulation
