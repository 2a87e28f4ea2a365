// A schedule as the engine holds it: its row, when it fires, and how far it has come. What it knows
// of the past is one instant, up to which every nominal time has its outcome as a row. Values;
// owned by the engine's state.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "calendar/occurrences.h"
#include "engine/rows/schedule_rows.h"

namespace weir::engine {

struct Schedule {
  ScheduleRow row;
  // Null when its zone cannot be read on this machine: then it does not fire.
  std::unique_ptr<const calendar::Occurrences> occurrences;
  calendar::Instant until{};          // nominal times up to here have their outcome
  calendar::Instant settled{};        // downtime up to here has been judged
  calendar::Occurrence next;          // the first after `until`, when `due` is set
  std::optional<base::WallTime> due;  // when `next` is to be evaluated
  std::vector<base::RunId> live;      // its runs without an end, but for those that wait for them
  std::vector<base::RunId> waiting;   // until no run of it is live; the first goes first
  // Nominal times after `until` that have a run already, in order: the clock was ahead, and was
  // set back.
  std::vector<calendar::Instant> ahead;

  bool fires() const { return occurrences != nullptr && !row.paused && !row.retired; }
};

// A queued run that is to end: the rule that says so does not hold its row, so the next step reads
// it first.
struct Withdrawal {
  std::string why;
  bool superseded = false;  // its tick too: another takes its place
};

}  // namespace weir::engine
