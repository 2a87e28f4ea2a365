// Alerts as they begin, repeat and end, with their messages in the outbox and what became of those.
// One alert of a rule and a subject fires at a time; a message is written when it begins and when
// it ends, never when it repeats. Part of Engine's step.
#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/planted.h"
#include "base/text.h"
#include "engine/alerts/alert_step.h"

namespace weir::engine {
namespace {

constexpr std::size_t kTextBytesMax = 2'000;

bool silenced(const Alerts& alerts, const AlertRow& row, WallTime now) {
  return std::any_of(alerts.silences.begin(), alerts.silences.end(), [&](const auto& entry) {
    const SilenceRow& silence = entry.second;
    return (!silence.until || now < *silence.until) && matches_pattern(silence.rule, row.rule) &&
           matches_pattern(silence.subject, row.subject);
  });
}

// "test" is sent whatever is silenced.
void send_message(Step& step, const AlertRuleRow& rule, AlertRow& row, const Finding& finding,
                  std::string_view state) {
  if (rule.webhook.empty() && rule.channel.empty()) return;
  if (state != "test" && silenced(step.state.alerts, row, step.now.wall)) {
    row.delivery = AlertDelivery::kSilenced;
    return;
  }
  row.told = row.told || row.state == AlertState::kFiring;
  if (step.state.outbox.size() >= kAlertMessagesMax) {
    row.delivery = AlertDelivery::kUndelivered;
    row.failure = std::to_string(kAlertMessagesMax) + " messages wait already";
    return;
  }
  OutboxRow message{.id = ++step.state.last_outbox,
                    .kind = "alert",
                    .payload = alert_payload(rule, row, finding, state, step.now.wall),
                    .delivered = false,
                    .at = step.now.wall};
  row.delivery = AlertDelivery::kPending;
  row.message = message.id;
  step.state.outbox.emplace(message.id, message);
  write(step, std::move(message));
}

// Writes the row, and holds it as long as something may still happen to it.
void keep(Step& step, AlertRow row) {
  Alerts& alerts = step.state.alerts;
  const std::pair key(row.rule, row.subject);
  if (row.state == AlertState::kFiring) {
    alerts.firing[key] = row.id;
  } else if (const auto at = alerts.firing.find(key);
             at != alerts.firing.end() && at->second == row.id) {
    alerts.firing.erase(at);
  }
  write(step, row);
  if (row.state == AlertState::kFiring || row.delivery == AlertDelivery::kPending) {
    alerts.live[row.id] = std::move(row);
  } else {
    alerts.live.erase(row.id);
  }
}

void make_room(Step& step) {
  Alerts& alerts = step.state.alerts;
  if (alerts.firing.size() < kFiringAlertsMax) return;
  const auto oldest =
      std::min_element(alerts.firing.begin(), alerts.firing.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  resolve_without_message(step, alerts.live.at(oldest->second),
                          "given up: " + std::to_string(kFiringAlertsMax) + " alerts fire");
}

void repeat(Step& step, const AlertRuleRow& rule, AlertRow row, const Finding& finding) {
  row.last = step.now.wall;
  row.count += 1;
  row.text = base::cut_utf8(finding.text, kTextBytesMax);
  row.next = finding.next;
  row.run = finding.run;
  if (!row.told) send_message(step, rule, row, finding, "firing");
  keep(step, std::move(row));
}

void begin_alert(Step& step, const AlertRuleRow& rule, const Finding& finding, AlertState state,
                 std::string_view message) {
  if (state == AlertState::kFiring) make_room(step);
  AlertRow row;
  row.rule = rule.name;
  row.event = finding.event;
  row.subject = finding.subject;
  row.state = state;
  row.since = row.last = step.now.wall;
  row.text = base::cut_utf8(finding.text, kTextBytesMax);
  row.next = finding.next;
  row.run = finding.run;
  emit(step, AlertChanged{row.rule, row.subject, std::string(message), row.text});
  row.id = step.state.last_seq;
  send_message(step, rule, row, finding, message);
  keep(step, std::move(row));
}

AlertRow* alert_of_message(State& state, const OutboxRow& message) {
  const auto payload = base::Json::parse(message.payload);
  if (!payload.ok()) return nullptr;
  const auto found = state.alerts.live.find((*payload)["message"]["alert"].as_int());
  return found == state.alerts.live.end() ? nullptr : &found->second;
}

}  // namespace

void fire_alert(Step& step, const AlertRuleRow& rule, const Finding& finding) {
  Alerts& alerts = step.state.alerts;
  if (finding.event == AlertEvent::kRunFinished) {
    return begin_alert(step, rule, finding, AlertState::kNotice, "notice");
  }
  const auto firing = alerts.firing.find({rule.name, finding.subject});
  if (firing != alerts.firing.end()) {
    return repeat(step, rule, alerts.live.at(firing->second), finding);
  }
  begin_alert(step, rule, finding, AlertState::kFiring, "firing");
}

bool selects(const AlertRuleRow& rule, const Finding& finding) {
  const auto named = [&](const std::string& pattern) {
    return matches_pattern(pattern, finding.subject) ||
           std::any_of(finding.names.begin(), finding.names.end(),
                       [&](const std::string& name) { return matches_pattern(pattern, name); });
  };
  const auto& patterns = rule.selection;
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), named);
}

void find_alerts(Step& step, const Finding& finding) {
  for (const auto& [name, rule] : step.state.alerts.rules) {
    if (rule.event != finding.event) continue;
    const bool reached = rule.threshold > 0 && finding.measure >= rule.threshold;
    if (finding.measure >= 0 && !reached) continue;
    if (selects(rule, finding)) fire_alert(step, rule, finding);
  }
}

void resolve_alert(Step& step, const AlertRuleRow& rule, const std::string& subject,
                   const std::string& why, RunId run) {
  Alerts& alerts = step.state.alerts;
  const auto firing = alerts.firing.find({rule.name, subject});
  if (firing == alerts.firing.end()) return;
  AlertRow row = alerts.live.at(firing->second);
  if (run && row.run != run) return;
  row.state = AlertState::kResolved;
  row.resolved_at = step.now.wall;
  emit(step, AlertChanged{row.rule, row.subject, "resolved", why});
  Finding end;
  end.text = why;
  if (row.told) send_message(step, rule, row, end, "resolved");
  keep(step, std::move(row));
}

void resolve_alerts(Step& step, AlertEvent event, const std::string& subject,
                    const std::string& why, RunId run) {
  if (step.state.alerts.firing.empty()) return;
  for (const auto& [name, rule] : step.state.alerts.rules) {
    if (rule.event == event) resolve_alert(step, rule, subject, why, run);
  }
}

void resolve_without_message(Step& step, AlertRow row, const std::string& why) {
  row.state = AlertState::kResolved;
  row.resolved_at = step.now.wall;
  emit(step, AlertChanged{row.rule, row.subject, "resolved", why});
  keep(step, std::move(row));
}

void test_alert_rule(Step& step, const TestAlertRule& command) {
  if (answered_before(step, command.request)) return;
  const auto found = step.state.alerts.rules.find(command.name);
  if (found == step.state.alerts.rules.end()) {
    return reply(step, command.request, unknown_alert_rule(step.state, command.name));
  }
  Finding finding;
  finding.event = found->second.event;
  finding.subject = "test";
  finding.text = "a test of the rule '" + command.name + "', asked for by " +
                 (command.by.empty() ? "somebody" : command.by);
  finding.next = "weir alerts rules";
  begin_alert(step, found->second, finding, AlertState::kNotice, "test");
  // The number of the event that began it.
  reply(step, command.request, {}, ChangedNames{{std::to_string(step.state.last_seq)}});
}

void outbox_delivered(Step& step, const OutboxDelivered& command) {
  auto message = step.state.outbox.extract(command.id);
  if (message.empty()) return;
  if (const AlertRow* alert = alert_of_message(step.state, message.mapped())) {
    AlertRow row = *alert;
    if (row.message == command.id) row.delivery = AlertDelivery::kDelivered;
    row.failure.clear();
    keep(step, std::move(row));
  }
  message.mapped().delivered = true;
  write_lazy(step, std::move(message.mapped()));
}

void outbox_undelivered(Step& step, const OutboxUndelivered& command) {
  const auto message = step.state.outbox.find(command.id);
  if (message == step.state.outbox.end()) return;
  if (const AlertRow* alert = alert_of_message(step.state, message->second)) {
    AlertRow row = *alert;
    const bool newest = row.message == command.id;
    row.failure = base::cut_utf8(command.why, kTextBytesMax);
    if (newest && command.last) row.delivery = AlertDelivery::kUndelivered;
    if (command.last) {
      emit(step, AlertChanged{row.rule, row.subject, "undelivered", row.failure});
    }
    keep(step, std::move(row));
  }
  if (!command.last) return;
  OutboxRow gone = message->second;
  step.state.outbox.erase(message);
  gone.delivered = true;  // to nobody: the alert keeps why
  write(step, std::move(gone));
}

void restore_alerts(State& state, const Snapshot& snapshot, base::Now now) {
  Alerts& alerts = state.alerts;
  for (const AlertRuleRow& row : snapshot.alert_rules) alerts.rules[row.name] = row;
  for (const SilenceRow& row : snapshot.silences) alerts.silences[row.id] = row;
  for (const AlertRow& row : snapshot.alerts) {
    alerts.live[row.id] = row;
    if (PLANTED(kAlertDoubled)) continue;
    if (row.state == AlertState::kFiring) alerts.firing[{row.rule, row.subject}] = row.id;
  }
  for (const auto& [name, rule] : alerts.rules) arm_slow_runs(state, rule, now);
}

}  // namespace weir::engine
