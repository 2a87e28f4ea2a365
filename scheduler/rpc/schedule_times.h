// What a schedule says of itself for people: when it fires next, and in words. By the same code as
// the engine, from its row or from a definition that is only being tried. Pure values: now and the
// zone are given. Safe from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/status.h"
#include "calendar/occurrences.h"
#include "calendar/zone.h"
#include "engine/rows/schedule_rows.h"
#include "engine/schedules/occurrences.h"

namespace weir::rpc {

struct ScheduleTime {
  calendar::Instant nominal;
  base::WallTime due;   // with its share of the jitter
  std::string day_off;  // the calendar that leaves the day out; empty: it is due
};

class ScheduleTimes {
 public:
  // `name` is the full one, by which jitter goes. INVALID_ARGUMENT as occurrences_of() says.
  static base::Result<ScheduleTimes> of(std::string name, const module::ScheduleSpec& spec,
                                        std::shared_ptr<const calendar::Zone> zone);

  // The first after `t`, days off included.
  std::optional<ScheduleTime> next_after(calendar::Instant t) const;
  // The first after `t` that is on no day off.
  std::optional<ScheduleTime> next_run_after(calendar::Instant t) const;
  // The first that is on no day off, whose nominal time is after `t`, and that is not due yet.
  std::optional<ScheduleTime> next_run_after(calendar::Instant t, base::WallTime now) const;

 private:
  ScheduleTimes(std::string name, std::int64_t jitter_ms, calendar::Occurrences occurrences,
                std::shared_ptr<const calendar::Zone> zone);

  std::string name_;
  std::int64_t jitter_ms_;
  calendar::Occurrences occurrences_;
  std::shared_ptr<const calendar::Zone> zone_;
};

// The nominal time after which all that the schedule is still to do lies; none while it does
// nothing: it is retired, or paused until somebody resumes it.
std::optional<calendar::Instant> begin_of_upcoming(const engine::ScheduleRow& row,
                                                   base::WallTime now);

using engine::description_of;

}  // namespace weir::rpc
