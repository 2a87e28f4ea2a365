// See alert_audit.h. On the simulation's one thread; reads the tables as the transaction leaves
// them. What it remembers of messages was handed out after a commit, and is never taken back.
// Fails with the row that breaks a rule.
#include "tests/simulation/alerts/alert_audit.h"

#include <algorithm>

#include "base/json.h"
#include "tests/simulation/require.h"

namespace weir::simulation {

using engine::AlertEvent;
using engine::AlertState;

std::vector<engine::AlertRuleRow> alert_rules() {
  std::vector<engine::AlertRuleRow> rules(4);
  rules[0].name = kEveryEnd;
  rules[0].event = AlertEvent::kRunFinished;
  rules[1].name = kFailedRuns;
  rules[1].event = AlertEvent::kRunFailed;
  rules[2].name = kFailedTasks;
  rules[2].event = AlertEvent::kTaskFailed;
  rules[2].threshold = 1;
  rules[3].name = kUnusualRuns;
  rules[3].event = AlertEvent::kRunSlow;
  rules[3].over_usual = true;
  for (engine::AlertRuleRow& rule : rules) rule.channel = "outside";
  return rules;
}

void AlertAudit::on_begin() {
  alerts_.clear();
  ended_.clear();
}

void AlertAudit::on_write(const engine::Record& record) {
  if (const auto* alert = std::get_if<engine::AlertRow>(&record)) {
    alerts_.push_back(*alert);
    if (alert->event == AlertEvent::kRunSlow) coverage_.add(Seen::kRunUnusuallySlow);
    if (alert->count > 1) coverage_.add(Seen::kAlertRepeated);
    if (alert->state == AlertState::kResolved) coverage_.add(Seen::kAlertResolved);
    if (alert->delivery == engine::AlertDelivery::kUndelivered) {
      coverage_.add(Seen::kAlertUndelivered);
    }
  } else if (const auto* event = std::get_if<engine::EventRow>(&record)) {
    if (event->kind == engine::EventKind::kRunFinished) ended_.insert(event->run);
  }
}

void AlertAudit::on_commit() const {
  if (tables_.alert_rules.rows().empty()) return;
  for (const base::RunId run : ended_) check_ended_run(run);
  for (const engine::AlertRow& row : alerts_) check_alone(row);
}

bool AlertAudit::found(const std::string& rule, base::RunId run) const {
  return std::any_of(alerts_.begin(), alerts_.end(), [&](const engine::AlertRow& row) {
    return row.rule == rule && row.run == run;
  });
}

void AlertAudit::check_ended_run(base::RunId id) const {
  const engine::RunRow* run = tables_.runs.find(id);
  if (run == nullptr) return;
  require(found(kEveryEnd, id), "a run ended and no alert says so", *run);
  const bool failed = run->state == engine::RunState::kFailed;
  require(!failed || found(kFailedRuns, id), "a run failed and no alert says so", *run);
  check_over(id);
}

void AlertAudit::check_over(base::RunId run) const {
  for (const auto& [id, row] : tables_.alerts.rows()) {
    const bool slow = row.rule == kUnusualRuns && row.run == run;
    require(!slow || row.state == AlertState::kResolved, "a run has ended and is slow still", row);
  }
}

void AlertAudit::check_alone(const engine::AlertRow& row) const {
  if (row.state != AlertState::kFiring) return;
  std::int64_t firing = 0;
  for (const auto& [id, other] : tables_.alerts.rows()) {
    const bool same = other.rule == row.rule && other.subject == row.subject;
    firing += same && other.state == AlertState::kFiring ? 1 : 0;
  }
  // It may have ended later in the same transaction.
  require(firing <= 1, "two alerts of one rule about one subject fire", row);
}

void AlertAudit::told(const engine::OutboxRow& row) {
  const auto payload = base::Json::parse(row.payload);
  require(payload.ok(), "a message is not JSON", row);
  const base::Json& message = (*payload)["message"];
  auto& messages = told_[{message["alert"].as_int(), message["state"].as_string()}];
  messages.insert(row.id);
  require(messages.size() == 1, "an alert was told twice, by two messages", row);
}

void AlertAudit::at_the_end() const {
  for (const auto& [id, row] : tables_.alerts.rows()) {
    const auto was_told = [&, number = id](const char* state) {
      return told_.contains({number, state});
    };
    if (row.state == AlertState::kNotice) {
      require(was_told("notice"), "nobody was told of an alert", row);
      continue;
    }
    require(was_told("firing"), "nobody was told that an alert fires", row);
    const bool over = row.state == AlertState::kResolved;
    require(was_told("resolved") == over, "what was told of an alert's end is not so", row);
  }
}

}  // namespace weir::simulation
