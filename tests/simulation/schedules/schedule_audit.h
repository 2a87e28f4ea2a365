// Checks schedules against their rows: every nominal time has one outcome and one run at most, no
// tick is early or late, overlap and catch-up are as the definition says, a pause makes no runs.
// Knows the tables, the semantics and when crons fire, nothing of the engine. What it remembers
// follows from the tables and is forgotten when the scheduler dies.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "calendar/occurrences.h"
#include "engine/records.h"
#include "sdk/src/memory_store.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/coverage.h"

namespace weir::simulation {

class ScheduleAudit {
 public:
  ScheduleAudit(const sdk_impl::MemoryTables& tables, Coverage& coverage)
      : tables_(tables), coverage_(coverage) {}

  // ---- of a transaction ----
  void on_begin();
  void on_write(const engine::Record& record);  // before it is applied
  void on_commit(base::Now now, const std::set<base::RunId>& set_aside);

  // ---- of the scheduler ----
  void died();
  // What passed until now, nobody looked.
  void restored(base::Now now, Duration at);
  void observe(base::Now now, Duration at);  // before each of its steps
  void check(base::Now now, Duration at);    // after each of its steps
  void at_the_end(const std::set<base::RunId>& set_aside) const;

 private:
  using Instant = calendar::Instant;
  using TickKey = std::pair<std::string, base::WallTime>;

  // A schedule as it was when it was looked at last.
  struct Known {
    engine::ScheduleRow row;
    std::optional<calendar::Occurrences> occurrences;
    std::optional<Instant> next;  // the first without an outcome, as far as is known
  };
  struct Written {
    engine::TickRow row;
    bool fresh = false;
  };

  void row(const engine::ScheduleRow& row);
  void row(const engine::TickRow& row);
  void row(const engine::RunRow& row);
  template <class Row>
  void row(const Row&) {}

  void check_tick(const engine::TickRow& tick, base::Now now) const;
  void check_made(const engine::TickRow& tick) const;
  void check_new_run(const engine::RunRow& run) const;
  void check_overlap(const engine::RunRow& run, const std::set<base::RunId>& set_aside) const;
  void check_caught_up(const Written& written, base::Now now);
  void check_missed(const engine::TickRow& tick, const calendar::Occurrences& occurrences,
                    const engine::ScheduleRow& schedule) const;

  Known know(const engine::ScheduleRow& row) const;
  void end_downtime(base::WallTime now, Duration at);
  void note_ahead(base::WallTime now);
  // The newest tick of a nominal time up to `t`.
  const engine::TickRow* tick_before(const std::string& schedule, base::WallTime t) const;
  // The same, of those that were not recorded by a clock that was ahead.
  const engine::TickRow* tick_in_turn(const std::string& schedule, base::WallTime t) const;
  void advance(Known& known) const;
  void require_covered(Known& known, Instant until, const char* when) const;
  void check_one(Known& known, base::Now now, bool quiet) const;
  void check_apart(const std::string& schedule) const;
  void count_tick(const engine::TickRow& tick) const;

  const sdk_impl::MemoryTables& tables_;
  Coverage& coverage_;
  std::map<std::string, Known> known_;
  std::optional<base::Now> last_;
  base::WallTime latest_{};                 // that the wall clock ever was
  std::set<TickKey> ahead_;                 // have their run, by a clock that was set back then
  std::optional<base::WallTime> downtime_;  // its end; none: not known for certain
  Duration disturbed_{};                    // when something kept ticks from being in time
  std::map<std::string, int> caught_up_;    // of that downtime
  std::set<base::RunId> released_;          // their schedule changed: they need not wait any more

  // Of the open transaction.
  std::map<TickKey, Written> ticks_;
  std::set<std::string> changed_;  // schedules, since they were checked
  std::set<base::RunId> made_, begun_;
  std::map<std::string, bool> paused_before_;
};

}  // namespace weir::simulation
