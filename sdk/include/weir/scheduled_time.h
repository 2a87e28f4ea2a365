// The time that a run is for, as an argument of a stage. A value.
// The dependency that gives it is weir::scheduled_time, in rules.h.
// Nothing here looks at a clock.
#pragma once

#include <chrono>
#include <string>

namespace weir {

// The time of its schedule for a run that a schedule made, however late it starts and however often
// it is tried: a stage that takes the day before it as its data gives the same result whenever it
// runs. For a run that somebody asked for, the time they gave, or when they asked.
class ScheduledTime {
 public:
  using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

  ScheduledTime() = default;
  // For tests that call a stage directly.
  explicit ScheduledTime(TimePoint at) : at_(at) {}

  TimePoint at() const { return at_; }
  // In UTC, by RFC 3339: "2026-12-01T02:00:00Z", with a fraction where there is one.
  std::string text() const;

  friend bool operator==(const ScheduledTime&, const ScheduledTime&) = default;

 private:
  TimePoint at_{};
};

}  // namespace weir
