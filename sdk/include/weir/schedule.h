// Schedules: when a job runs by itself. weir::cron() makes one, its options each give a copy that
// has the option, and a job takes it:
//   p.job("train", weir::upstream_of(model))
//       .schedule(weir::cron("0 6 * * mon-fri",
//       "America/New_York").except(kHolidays).jitter(2min));
// Values; used on the thread that defines the pipeline. Nothing here looks at a clock.
#pragma once

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "codec.h"
#include "impl/dependency.h"
#include "impl/problem.h"
#include "impl/schedule_record.h"
#include "impl/time_member.h"
#include "name.h"
#include "schedule_text.h"

namespace weir {

// Days that schedules leave out, under a name that the record of a time left out shows:
//   const weir::Calendar kHolidays{"holidays", {"2026-12-25", "2027-01-01"}};
class Calendar {
 public:
  Calendar(Name name, std::initializer_list<Day> days)
      : Calendar(std::move(name), std::vector<Day>(days)) {}
  Calendar(Name name, const std::vector<Day>& days);

  const impl::CalendarRecord& record() const { return record_; }  // for the runtime

 private:
  friend Calendar ics_calendar(Name name, std::string path);
  explicit Calendar(impl::CalendarRecord record) : record_(std::move(record)) {}

  impl::CalendarRecord record_;
};

// The days of the events of an iCalendar file, which is read when the module is described or
// registered: `path` is absolute or seen from the folder in which that is done. Takes events of
// whole days, and those that return every year; anything else is refused with its line.
Calendar ics_calendar(Name name, std::string path);

// Which of the times that fell into a downtime are made up for.
class CatchUp {
 public:
  static constexpr CatchUp latest() { return {impl::CatchUpKind::kLatest, 0}; }  // the last one
  static constexpr CatchUp none() { return {impl::CatchUpKind::kNone, 0}; }
  static constexpr CatchUp all() { return {impl::CatchUpKind::kAll, 0}; }
  // The last `runs` of them, 1 at least.
  static constexpr CatchUp last(int runs) { return {impl::CatchUpKind::kLast, runs}; }

 private:
  friend class Schedule;
  constexpr CatchUp(impl::CatchUpKind kind, int runs) : kind_(kind), runs_(runs) {}

  impl::CatchUpKind kind_;
  int runs_;
};

// What becomes of a time while runs of the same schedule are queued or running.
enum class Overlap {
  kQueueOne,  // its run waits for them; a newer one takes the place of the one that waits
  kQueueAll,  // its run waits for them, in the order of the times
  kSkip,
  kAllow,          // its run goes beside them
  kCancelRunning,  // they are canceled, and its run goes when they have ended
};

// When a job runs, and how. Made by weir::cron().
class [[nodiscard]] Schedule {
 public:
  // The times of another expression too, by the clock of the same zone; one that both name is one.
  Schedule also(CronExpression when) const;
  // Its name in the pipeline; without one it is named after its job: job, then job_2, job_3.
  Schedule named(Name name) const;

  // The value of a parameter in its runs: .with(params, TrainParams{.epochs = 5}).
  template <class T>
  Schedule with(const Param<T>& param, std::type_identity_t<T> value) const {
    return with_json(param.name, impl::params_to_json(encode(value)));
  }
  // Chosen when the value is of another type; `Problem` says so.
  template <class T, class V,
            class Problem =
                problem::a_schedule_gives_a_parameter_a_value_of_its_type<ParamHolds<T>, Type<V>>>
  requires(!std::is_same_v<T, V>) Schedule with(const Param<T>&, const V&)
  const = delete;

  // A member of a parameter takes the time that a run is for, whatever else gives it a value:
  //   .with(params, &TrainParams::day, weir::scheduled_time)
  // A time is cut to its unit, a year_month_day is the day by the clock of the zone, a string is
  // the time in UTC, by RFC 3339.
  template <class T, class M>
  requires(impl::kTakesTime<M>) Schedule
      with(const Param<T>& param, M T::*member, impl::ScheduledTimeOf)
  const { return with_time(param.name, impl::member_name(member)); }
  // Chosen when the member can hold no time; `Problem` says so.
  template <class T, class M,
            class Problem = problem::a_member_that_takes_the_time_is_a_sys_time_a_day_or_a_string<
                ParamHolds<T>, Type<M>>>
  requires(!impl::kTakesTime<M>) Schedule with(const Param<T>&, M T::*, impl::ScheduledTimeOf)
  const = delete;

  // Days on which it does not fire, by the clock of its zone: .except({"2026-12-25"}).
  Schedule except(std::initializer_list<Day> days) const;
  Schedule except(const Calendar& calendar) const;

  // A run is late by up to so much, always the same for the same time; a day at most. It spreads
  // schedules that would all fire on the hour.
  Schedule jitter(std::chrono::milliseconds most) const;
  // Of times that were missed; CatchUp::latest() unless another is given.
  Schedule catch_up(CatchUp which) const;
  // Times that are longer past are not made up for; 24 hours unless another is given.
  Schedule catch_up_window(std::chrono::milliseconds window) const;
  // Overlap::kQueueOne unless another is given.
  Schedule overlap(Overlap rule) const;
  // Does not fire before this.
  Schedule start(TimeText first) const;
  // Does not fire from this on.
  Schedule end(TimeText last) const;
  // When it is new, it waits until somebody resumes it.
  Schedule paused() const;

  const impl::ScheduleRecord& record() const { return record_; }  // for the runtime and Job

 private:
  friend Schedule cron(CronExpression when, ZoneName zone);
  explicit Schedule(impl::ScheduleRecord record) : record_(std::move(record)) {}
  Schedule with_json(const std::string& param, std::string value) const;
  Schedule with_time(const std::string& param, std::string_view member) const;

  impl::ScheduleRecord record_;
};

// Fires at the times of a cron expression by the clock of a zone.
Schedule cron(CronExpression when, ZoneName zone = {});

}  // namespace weir
