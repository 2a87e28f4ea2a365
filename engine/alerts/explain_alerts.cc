// See explain_alerts.h.
// Pure functions.
// An address may be a secret: of a webhook its host alone is said.
#include "engine/alerts/explain_alerts.h"

#include <algorithm>
#include <utility>

#include "engine/explain/teller.h"
#include "engine/plan/selection.h"

namespace weir::engine {
namespace {

std::string target_of(const AlertRuleRow& rule) {
  if (!rule.channel.empty()) return "channel " + rule.channel;
  const std::size_t host = rule.webhook.find("://");
  if (host == std::string::npos) return "";
  return rule.webhook.substr(0, rule.webhook.find_first_of("/?#", host + 3));
}

std::string looked_for(const AlertRuleRow& rule) {
  const std::string event(base::word_of(rule.event));
  return rule.over_usual ? event + " (over its usual p95)" : event;
}

std::string selection_text(const AlertRuleRow& rule) {
  std::string text;
  for (const std::string& pattern : rule.selection) text += (text.empty() ? "" : ", ") + pattern;
  return text.empty() ? "all" : text;
}

ExplainItem item_of(ExplainKind kind, const AlertRow& alert) {
  ExplainItem item;
  item.kind = kind;
  item.subject = alert.subject;
  item.references = {alert.rule};
  item.numbers = {{"alert", alert.id},
                  {"since", us_of(alert.since)},
                  {"times", alert.count > 1 ? alert.count : 0}};
  item.text = alert.text;
  return item;
}

}  // namespace

const SilenceRow* silence_of(const std::map<std::int64_t, SilenceRow>& silences,
                             const AlertRow& alert, base::WallTime now) {
  for (const auto& [id, silence] : silences) {
    const bool lasts = !silence.until || now < *silence.until;
    if (lasts && matches_pattern(silence.rule, alert.rule) &&
        matches_pattern(silence.subject, alert.subject)) {
      return &silence;
    }
  }
  return nullptr;
}

ExplainItem firing_alert(const AlertRow& alert, const AlertRuleRow* rule,
                         const SilenceRow* silence) {
  ExplainItem item = item_of(ExplainKind::kAlert, alert);
  const std::string target = rule == nullptr ? "" : target_of(*rule);
  item.references.push_back(target);
  item.references.push_back(silence == nullptr ? "" : silence->by);
  item.numbers["told"] = target.empty() ? 0 : 1;
  item.numbers["untold"] = target.empty() ? 1 : 0;
  item.numbers["silenced"] = silence == nullptr ? 0 : silence->id;
  if (silence != nullptr && silence->until) item.numbers["until"] = us_of(*silence->until);
  return item;
}

Explanation explain_alert(const AlertRow& alert, const AlertRuleRow* rule,
                          const SilenceRow* silence) {
  Explanation out;
  if (alert.state == AlertState::kFiring) {
    out.push_back(firing_alert(alert, rule, silence));
  } else if (alert.state == AlertState::kResolved) {
    out.push_back(item_of(ExplainKind::kAlertOver, alert));
    out.back().numbers["resolved"] = us_of(alert.resolved_at.value_or(alert.last));
  } else {
    out.push_back(item_of(ExplainKind::kAlertNotice, alert));
  }
  Teller teller(alert.subject, out);
  if (rule == nullptr) {
    teller.say(ExplainKind::kAlertRuleGone, {}, "");
  } else {
    teller.say(ExplainKind::kAlertRule, {looked_for(*rule), selection_text(*rule), rule->paused_by},
               "", {{"paused", rule->paused ? 1 : 0}});
  }
  if (alert.delivery != AlertDelivery::kNone) {
    teller.say(ExplainKind::kAlertMessage, {std::string(base::word_of(alert.delivery))},
               alert.failure);
  }
  if (!alert.next.empty()) teller.say(ExplainKind::kAlertNext, {}, alert.next);
  return out;
}

void add_firing_alerts(const Alerts& alerts, base::WallTime now,
                       const std::function<bool(const AlertRow&)>& about, Explanation& out) {
  if (alerts.firing.empty()) return;
  std::size_t told = 0;
  for (const auto& [id, alert] : alerts.live) {
    if (alert.state != AlertState::kFiring || !about(alert)) continue;
    if (++told > kAlertsExplainedMax) {
      ExplainItem more;
      more.kind = ExplainKind::kMoreAlerts;
      return out.push_back(std::move(more));
    }
    const auto rule = alerts.rules.find(alert.rule);
    out.push_back(firing_alert(alert, rule == alerts.rules.end() ? nullptr : &rule->second,
                               silence_of(alerts.silences, alert, now)));
  }
}

bool alert_about_asset(const AlertRow& alert, const std::string& asset) {
  switch (alert.event) {
    case AlertEvent::kFreshnessWarn:
    case AlertEvent::kFreshnessFail:
      return alert.subject == asset;
    case AlertEvent::kCheckFailed:
      return alert.subject.substr(0, alert.subject.rfind('/')) == asset;
    default:
      return false;
  }
}

bool alert_about_task(const AlertRow& alert, const std::string& task) {
  return alert.event == AlertEvent::kTaskFailed && alert.subject == task;
}

bool alert_about_job(const AlertRow& alert, const std::string& job) {
  switch (alert.event) {
    case AlertEvent::kRunFailed:
    case AlertEvent::kRunCanceled:
    case AlertEvent::kRunSlow:
      return alert.subject == job;
    default:
      return false;
  }
}

}  // namespace weir::engine
