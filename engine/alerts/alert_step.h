// What the parts of the engine call of alerts, and these of each other, while a step is in
// progress; see engine/step.h. The state of alerts as the engine holds it stands here too. Part of
// Engine's step: one owner, no I/O.
#pragma once

#include <string>
#include <string_view>

#include "engine/plan/selection.h"
#include "engine/step.h"

namespace weir::engine {

// What a rule may find.
struct Finding {
  AlertEvent event = AlertEvent::kRunFailed;
  std::string subject;
  std::vector<std::string> names;  // by which rules select it, beside the subject
  std::string text;
  std::string next;
  RunId run;
  std::int32_t task = -1;  // whose log says more
  std::int32_t epoch = 0;
  // What the rule's threshold is compared with: a rule without one finds nothing by it. Below 0: no
  // threshold counts.
  std::int64_t measure = -1;
};

// ---- alert_rules.cc ----
base::Status unknown_alert_rule(const State& state, const std::string& name);
// Writes it in place of the one of its name; `what`: "created", "edited".
void keep_alert_rule(Step& step, AlertRuleRow rule, const char* what);
void drop_alert_rule(Step& step, const std::string& name, const std::string& by);
void put_alert_rule(Step& step, const PutAlertRule& command);
void delete_alert_rule(Step& step, const DeleteAlertRule& command);
void test_alert_rule(Step& step, const TestAlertRule& command);
void silence_alerts(Step& step, const SilenceAlerts& command);
void unsilence_alerts(Step& step, const UnsilenceAlerts& command);

// ---- declared_alerts.cc ----
base::Status check_alerts(const State& state, const Manifest& manifest);
void declare_alerts(Step& step, const Manifest& manifest, const Digest& module);
void add_alert_changes(const State& state, const Manifest& manifest, ModuleChange& change);

// ---- alerts.cc ----
// Begins or repeats the alert of the rule and the subject.
void fire_alert(Step& step, const AlertRuleRow& rule, const Finding& finding);
bool selects(const AlertRuleRow& rule, const Finding& finding);
// Of every rule that selects it and whose threshold it reaches.
void find_alerts(Step& step, const Finding& finding);
// Ends the alert of the rule about the subject, if it fires.
void resolve_alert(Step& step, const AlertRuleRow& rule, const std::string& subject,
                   const std::string& why, RunId run = {});
// Ends those of the event about the subject; `run`: only those whose newest event was of that run.
void resolve_alerts(Step& step, AlertEvent event, const std::string& subject,
                    const std::string& why, RunId run = {});
void resolve_without_message(Step& step, AlertRow row, const std::string& why);
void outbox_delivered(Step& step, const OutboxDelivered& command);
void outbox_undelivered(Step& step, const OutboxUndelivered& command);
void restore_alerts(State& state, const Snapshot& snapshot, base::Now now);

// ---- alert_message.cc ----
// What goes to the outbox: the channel, the attempt whose log says more, the message itself.
std::string alert_payload(const AlertRuleRow& rule, const AlertRow& row, const Finding& finding,
                          std::string_view state, WallTime now);
std::string duration_words(std::int64_t ms);  // "2 h 5 min"
std::int64_t ms_between(WallTime from, WallTime to);

// ---- alert_reactions.cc ----
// What follows for alerts from all that the step has raised, when everything else has followed.
void react_alerts(Step& step);
void check_passed(Step& step, const AssetPartition& asset, const std::string& check);
void disk_checked(Step& step, const DiskChecked& command);

// ---- slow_runs.cc ----
std::string name_of_run(const RunRow& run);  // its job, or its selection
// Where the rule is of slow runs and selects the run: the instant at which it is one.
void arm_slow_run(State& state, const AlertRuleRow& rule, const Run& run, base::Now now);
void arm_slow_runs(State& state, const AlertRuleRow& rule, base::Now now);  // all that are live
// A run that was to be over by now.
void fire_slow_run(Step& step, const std::string& rule, RunId run);
// A run has succeeded: what is usual for its job may be another time from now on.
void measure_run(Step& step, RunId run);
void take_usual(Step& step);      // that was read for this step
void forget_usual(State& state);  // if no rule asks for it any more

}  // namespace weir::engine
