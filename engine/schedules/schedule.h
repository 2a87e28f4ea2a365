// A schedule as the engine holds it: what it is, when it fires, and how far it has come. What it
// knows of the past is one instant, up to which every nominal time has its outcome as a row. There
// may be a hundred thousand: what many of them have in common is held once. Values; owned by the
// engine's state.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "calendar/occurrences.h"
#include "engine/rows/schedule_rows.h"

namespace weir::engine {

// What schedules do that are declared alike, but for their parameters.
struct ScheduleDefinition {
  module::ScheduleSpec spec;  // as in the row; its parameters are "{}"
  // Null when its zone cannot be read on this machine: then it does not fire.
  std::unique_ptr<const calendar::Occurrences> occurrences;
};

// Each once.
struct DefinitionOrder {
  using is_transparent = void;
  struct Key {
    const module::ScheduleSpec& spec;
    bool readable = false;  // its zone
  };
  using Held = std::shared_ptr<const ScheduleDefinition>;
  static Key key(const Key& key) { return key; }
  static Key key(const Held& held) { return {held->spec, held->occurrences != nullptr}; }
  bool operator()(const auto& a, const auto& b) const {
    const Key left = key(a), right = key(b);
    const auto order = left.spec <=> right.spec;
    return order < 0 || (order == 0 && left.readable < right.readable);
  }
};
using ScheduleDefinitions = std::set<DefinitionOrder::Held, DefinitionOrder>;

struct SchedulePause {
  std::optional<base::WallTime> until;  // none: until somebody resumes it
  base::WallTime at{};
  std::string by, reason;
};

struct Schedule {
  const std::string* key = nullptr;  // "pipeline/name", as it is found in the state
  std::shared_ptr<const ScheduleDefinition> definition;  // never null between steps
  std::string params;                                    // JSON object, as in its row
  std::uint32_t pipeline_bytes = 0;      // so much of its name is the pipeline that declares it
  bool retired = false;                  // as in the row
  base::WallTime since{}, changed_at{};  // as in the row
  std::shared_ptr<const std::string> changed_by;  // many are changed by one
  std::unique_ptr<const SchedulePause> pause;     // null: it is not paused
  std::optional<base::WallTime> recorded_until;   // as in the row
  calendar::Instant until{};                      // nominal times up to here have their outcome
  calendar::Instant settled{};                    // downtime up to here has been judged
  calendar::Instant next{};                       // the first after `until`, when `due` is set
  std::optional<base::WallTime> due;              // when `next` is to be evaluated
  std::vector<base::RunId> live;     // its runs without an end, but for those that wait for them
  std::vector<base::RunId> waiting;  // until no run of it is live; the first goes first
  // Nominal times after `until` that have a run already, in order: the clock was ahead, and was
  // set back.
  std::vector<calendar::Instant> ahead;

  const std::string& name() const { return *key; }
  // As in the row.
  std::string_view pipeline() const { return std::string_view(*key).substr(0, pipeline_bytes); }
  const module::ScheduleSpec& spec() const { return definition->spec; }  // but its parameters
  // Null when its zone cannot be read.
  const calendar::Occurrences* occurrences() const { return definition->occurrences.get(); }
  bool fires() const { return occurrences() != nullptr && pause == nullptr && !retired; }
};
static_assert(sizeof(Schedule) <= 256, "there may be a hundred thousand of them");

// A queued run that is to end: the rule that says so does not hold its row, so the next step reads
// it first.
struct Withdrawal {
  std::string why;
  bool superseded = false;  // its tick too: another takes its place
};

}  // namespace weir::engine
