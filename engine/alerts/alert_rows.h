// The rows of alerts: rules that people make, what they have found, and silences. An alert is of
// one rule and one subject, from its first event until it is resolved. See engine/records.h, which
// says how rows list their columns. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "base/words.h"
#include "engine/rows/columns.h"
#include "module/alert_spec.h"

namespace weir::engine {

using module::AlertEvent;

struct AlertRuleRow {
  std::string name;
  AlertEvent event = AlertEvent::kRunFailed;
  std::vector<std::string> selection;  // patterns with '*' of the subject's names; none: all
  std::int64_t threshold = 0;          // failed attempts, or milliseconds: as the event has it
  std::string webhook;                 // an address, or
  std::string channel;                 // a name in the operator's configuration, or neither
  std::string secret;  // of the webhook: "file:PATH" or "env:WEIR_SECRET_NAME", never itself
  base::WallTime changed_at{};
  std::string changed_by;   // "user@host", or the module that declares it
  std::string pipeline;     // that declares it; empty: it was made by command
  bool over_usual = false;  // of run_slow: over the p95 of its job's successes, not a threshold
  bool deleted = false;     // a deleted row is erased

  static constexpr Table kTable{"alert_rules"};
  static constexpr auto erased() { return &AlertRuleRow::deleted; }
  static constexpr auto columns() {
    using Row = AlertRuleRow;
    return std::tuple(primary("name", &Row::name), column("event", &Row::event),
                      column("selection", &Row::selection), column("threshold", &Row::threshold),
                      column("webhook", &Row::webhook), column("channel", &Row::channel),
                      column("secret", &Row::secret), column("changed_at", &Row::changed_at),
                      column("changed_by", &Row::changed_by), column("pipeline", &Row::pipeline),
                      column("over_usual", &Row::over_usual));
  }
};

enum class AlertState {
  kFiring,
  kResolved,
  kNotice,  // told once: nothing resolves it
};
constexpr base::Words<3> words(AlertState) { return {"firing", "resolved", "notice"}; }

// Of the newest message about the alert.
enum class AlertDelivery {
  kNone,     // its rule only records
  kPending,  // to be delivered, perhaps after failed tries
  kDelivered,
  kUndelivered,  // given up: the dead letter
  kSilenced,     // nothing was sent
};
constexpr base::Words<5> words(AlertDelivery) {
  return {"none", "pending", "delivered", "undelivered", "silenced"};
}

struct AlertRow {
  std::int64_t id = 0;  // the number of the event that began it
  std::string rule;
  AlertEvent event = AlertEvent::kRunFailed;
  std::string subject;  // what it is about: a job, "pipeline:task", a schedule, a worker, …
  AlertState state = AlertState::kFiring;
  base::WallTime since{};
  base::WallTime last{};  // the newest event that counts
  std::optional<base::WallTime> resolved_at;
  std::int64_t count = 1;
  std::string text;  // what happened, in a sentence
  std::string next;  // the command to type
  base::RunId run;   // 0: of none
  AlertDelivery delivery = AlertDelivery::kNone;
  std::int64_t message = 0;  // the newest in the outbox
  bool told = false;         // that it fires: then its end is told, too
  std::string failure;       // of the newest try that failed; empty after a success

  static constexpr Table kTable{"alerts"};
  static constexpr auto columns() {
    using Row = AlertRow;
    return std::tuple(primary("id", &Row::id), column("rule", &Row::rule),
                      column("event", &Row::event), column("subject", &Row::subject),
                      column("state", &Row::state), column("since", &Row::since),
                      column("last", &Row::last), column("resolved_at", &Row::resolved_at),
                      column("count", &Row::count), column("text", &Row::text),
                      column("next", &Row::next), nullable("run_id", &Row::run),
                      column("delivery", &Row::delivery), column("message", &Row::message),
                      column("told", &Row::told), column("failure", &Row::failure));
  }
};

// Alerts that match are recorded and not sent.
struct SilenceRow {
  std::int64_t id = 0;  // the number of the event that began it
  std::string rule;     // a pattern with '*', as `subject`
  std::string subject;
  std::optional<base::WallTime> until;  // none: until somebody ends it
  std::string reason;
  base::WallTime since{};
  std::string by;
  bool ended = false;  // erased

  static constexpr Table kTable{"silences"};
  static constexpr auto erased() { return &SilenceRow::ended; }
  static constexpr auto columns() {
    using Row = SilenceRow;
    return std::tuple(primary("id", &Row::id), column("rule", &Row::rule),
                      column("subject", &Row::subject), column("until", &Row::until),
                      column("reason", &Row::reason), column("since", &Row::since),
                      column("by", &Row::by));
  }
};

}  // namespace weir::engine
