// The nominal times of one schedule: several cron expressions in one zone, between a start and an
// end, with the days that it leaves out. Times of two expressions that fall on one instant are one.
// Immutable and pure, safe from any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "calendar/zone.h"
#include "weir/impl/cron/cron.h"

namespace weir::calendar {

// Days by the clock of the schedule's zone, each with the name of the calendar that leaves it out.
using DaysOff = std::map<std::chrono::local_days, std::string>;

struct Occurrence {
  Instant at;
  std::string day_off;  // the calendar that leaves the day out; empty: it is due

  friend bool operator==(const Occurrence&, const Occurrence&) = default;
};

class Occurrences {
 public:
  struct Limits {
    std::optional<Instant> start;  // nothing before
    std::optional<Instant> end;    // nothing from then on
  };

  // At least one expression; `zone` is not null.
  Occurrences(std::vector<Cron> crons, std::shared_ptr<const Zone> zone, Limits limits,
              DaysOff days_off);

  // As the time that it is.
  Occurrence at(Instant instant) const;
  // The first after `t`, those on days off included: they are recorded too.
  std::optional<Occurrence> next_after(Instant t) const;
  // The last that is not after `t`.
  std::optional<Occurrence> last_until(Instant t) const;
  // The last of those that is on no day off. Looks once at each day off on its way.
  std::optional<Occurrence> last_due_until(Instant t) const;
  // The last up to `t` before which, from `first` on, all are days off of one calendar, or none is.
  Occurrence last_alike(const Occurrence& first, Instant t) const;

 private:
  std::vector<Cron> crons_;
  std::shared_ptr<const Zone> zone_;
  Limits limits_;
  DaysOff days_off_;
};

}  // namespace weir::calendar
