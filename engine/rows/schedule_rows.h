// The rows of schedules: one a schedule, declared by a module or made by command, and one a tick,
// which says what became of a nominal time. See engine/records.h, which says how rows list their
// columns. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "base/ids.h"
#include "base/words.h"
#include "engine/rows/columns.h"
#include "module/schedule_spec.h"

namespace weir::engine {

// Of a list in a row.
template <>
struct ColumnsOf<module::DayOff> {
  static constexpr auto list() {
    return std::tuple(column("day", &module::DayOff::day),
                      column("calendar", &module::DayOff::calendar));
  }
};
// All but its name, which is the row's, and how it begins, which the row's state has taken over.
template <>
struct ColumnsOf<module::ScheduleSpec> {
  static constexpr auto list() {
    using Spec = module::ScheduleSpec;
    return std::tuple(
        column("job", &Spec::job), column("crons", &Spec::crons), column("zone", &Spec::zone),
        column("params", &Spec::params), column("time_params", &Spec::time_params),
        column("days_off", &Spec::days_off), column("start_at", &Spec::start),
        column("end_at", &Spec::end), column("jitter_ms", &Spec::jitter_ms),
        column("catch_up", &Spec::catch_up), column("catch_up_runs", &Spec::catch_up_runs),
        column("catch_up_window_ms", &Spec::catch_up_window_ms), column("overlap", &Spec::overlap));
  }
};

struct ScheduleRow {
  std::string name;      // "pipeline/name"
  bool retired = false;  // its module no longer declares it: kept for its pause and its history
  module::ScheduleSpec spec;  // job "pipeline/job"; its name is empty
  base::WallTime since{};     // when it last began: nominal times up to then are not its own
  bool paused = false;
  std::optional<base::WallTime> paused_until;  // none: until somebody resumes it
  std::optional<base::WallTime> paused_at;
  std::string paused_by, pause_reason;
  base::WallTime changed_at{};
  std::string changed_by;  // "user@host", or the module that declares it
  // Set while times after it have runs by a clock that was ahead: each up to it has its outcome.
  std::optional<base::WallTime> recorded_until;
  std::string pipeline;  // whose module declares it; empty: made by command, which may edit it too
  bool deleted = false;  // a deleted row is erased

  static constexpr Table kTable{"schedules"};
  static constexpr auto erased() { return &ScheduleRow::deleted; }
  static constexpr auto columns() {
    using Row = ScheduleRow;
    return std::tuple(
        primary("name", &Row::name), column("retired", &Row::retired), nested(&Row::spec),
        column("since", &Row::since), column("paused", &Row::paused),
        column("paused_until", &Row::paused_until), column("paused_at", &Row::paused_at),
        column("paused_by", &Row::paused_by), column("pause_reason", &Row::pause_reason),
        column("changed_at", &Row::changed_at), column("changed_by", &Row::changed_by),
        column("recorded_until", &Row::recorded_until), column("pipeline", &Row::pipeline));
  }
};

enum class TickOutcome {
  kRequested,   // a run was made for it
  kSkipped,     // on purpose, for the reason
  kSuperseded,  // its run waited for an earlier one, and a newer one took its place
  kFailed,      // no run could be made, for the reason
  kMissed,      // the scheduler was not there, and catch-up does not reach it
};
constexpr base::Words<5> words(TickOutcome) {
  return {"requested", "skipped", "superseded", "failed", "missed"};
}

// What became of a nominal time of a schedule, or of all of them in a stretch.
struct TickRow {
  std::string schedule;
  base::WallTime nominal{};
  std::optional<base::WallTime> until;  // of a stretch: its last nominal time, `nominal` the first
  TickOutcome outcome = TickOutcome::kRequested;
  base::RunId run;  // that was made for it, if there is one
  base::WallTime evaluated_at{};
  std::string reason;
  std::string triggered_by;  // who asked for it; empty: its time had come
  bool withdrawn = false;    // erased: a clock that was wrong had brought it about

  static constexpr Table kTable{"ticks"};
  static constexpr auto erased() { return &TickRow::withdrawn; }
  static constexpr auto columns() {
    using Row = TickRow;
    return std::tuple(primary("schedule", &Row::schedule), primary("nominal", &Row::nominal),
                      column("until", &Row::until), column("outcome", &Row::outcome),
                      nullable("run_id", &Row::run), column("evaluated_at", &Row::evaluated_at),
                      column("reason", &Row::reason), column("triggered_by", &Row::triggered_by));
  }
};

}  // namespace weir::engine
