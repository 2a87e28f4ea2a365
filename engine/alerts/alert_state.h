// Alerts as the engine holds them: rules, those that fire or whose last message is under way, and
// silences; what runs of jobs usually take, where a rule asks; and how many of each there may be.
// Values; owned by the engine's state.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "engine/alerts/alert_rows.h"
#include "engine/rows/schedule_rows.h"
#include "engine/runs/durations.h"

namespace weir::engine {

inline constexpr std::size_t kAlertRulesMax = 1'000;
inline constexpr std::size_t kSilencesMax = 1'000;
// The oldest alert that fires is given up for a new one: a rule may find as many subjects as there
// are tasks.
inline constexpr std::size_t kFiringAlertsMax = 10'000;
// Messages that wait to be delivered; more are dead letters at once.
inline constexpr std::size_t kAlertMessagesMax = 10'000;

// A time of a schedule that has made its run, which raises no event.
struct RequestedTick {
  std::size_t after = 0;  // so many events of the step
  TickRow tick;
};

struct Alerts {
  std::map<std::string, AlertRuleRow, std::less<>> rules;
  std::map<std::int64_t, AlertRow> live;  // that fire, or whose newest message is pending
  std::map<std::pair<std::string, std::string>, std::int64_t> firing;  // by rule and subject
  std::map<std::int64_t, SilenceRow> silences;
  std::map<std::string, Durations, std::less<>> usual;  // by job, of those that were read
  std::set<std::string> unmeasured;                     // jobs whose durations the next step reads
};

}  // namespace weir::engine
