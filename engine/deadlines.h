// Deadlines on two clocks: the boot clock for terms and delays, the wall clock for times that
// people name. One heap each, because the wall clock steps and the boot clock does not: what is due
// by the one says nothing about the other. Values; owned by the engine's state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "engine/queues/waiting.h"

namespace weir::engine {

// The earliest of each clock. A wall deadline moves when that clock is set: whoever sleeps for one
// looks at the clock again now and then.
struct Deadlines {
  std::optional<base::BootTime> boot;
  std::optional<base::WallTime> wall;
  // Where what was done depends on it: how far the wall clock was. It was set back when it is
  // before that, which nobody sleeps for: whoever looks at the clock now and then finds it.
  std::optional<base::WallTime> reached = {};

  bool passed(base::Now now) const {
    return (boot && *boot <= now.boot) || (wall && *wall <= now.wall) ||
           (reached && now.wall < *reached);
  }
  // Until the first of them, zero when it has passed; none when there is none.
  std::optional<base::Duration> wait(base::Now now) const {
    std::optional<base::Duration> least;
    const auto sooner = [&](base::Duration left) {
      left = std::max(left, base::Duration::zero());
      if (!least || left < *least) least = left;
    };
    if (boot) sooner(*boot - now.boot);
    if (wall) sooner(*wall - now.wall);
    return least;
  }
};

enum class TimerKind {
  kWorkerLease,
  kPrefetch,
  kRetry,
  kStop,
  kStartTime,
  kAdmission,
  kForgetWorker,
  kTick,       // of a schedule, or the end of its pause
  kOverlap,    // of a schedule whose runs stand in each other's way after a restart
  kWithdraw,   // queued runs that are to end
  kFreshness,  // of a policy: its standing may change, or it is time for a refresh
  kMeasure,    // durations that a policy or an alert rule waits for are read
  kRebase,     // schedules that are ahead of the clock
  kSlowRun     // a run is past the limit of an alert rule, or past what is usual
};

// Entries are checked when they fire: one whose cause has gone does nothing.
struct Timer {
  std::variant<base::BootTime, base::WallTime> at;
  TimerKind kind = TimerKind::kWorkerLease;
  std::string name;  // of a worker, or of a schedule
  TaskRef task;      // of kStartTime the run alone
};

class Timers {
 public:
  void push(Timer timer) {
    if (std::holds_alternative<base::BootTime>(timer.at)) return boot_.push(std::move(timer));
    wall_.push(std::move(timer));
  }
  // The next that has passed, taken out.
  std::optional<Timer> pop_passed(base::Now now) {
    if (const auto at = top<base::BootTime>(boot_); at && *at <= now.boot) return pop(boot_);
    if (const auto at = top<base::WallTime>(wall_); at && *at <= now.wall) return pop(wall_);
    return std::nullopt;
  }
  Deadlines next() const { return {top<base::BootTime>(boot_), top<base::WallTime>(wall_)}; }

 private:
  struct Later {
    bool operator()(const Timer& a, const Timer& b) const { return a.at > b.at; }
  };
  using Heap = std::priority_queue<Timer, std::vector<Timer>, Later>;

  template <class Time>
  static std::optional<Time> top(const Heap& heap) {
    if (heap.empty()) return std::nullopt;
    return std::get<Time>(heap.top().at);
  }
  static Timer pop(Heap& heap) {
    Timer timer = heap.top();
    heap.pop();
    return timer;
  }

  Heap boot_, wall_;
};

}  // namespace weir::engine
