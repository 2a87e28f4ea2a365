// Rules and silences as people change them. A rule is judged as a whole before anything of it is
// kept; what can only be judged outside (whether a channel is configured) was judged by whoever
// sends the command. Part of Engine's step.
#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/names.h"
#include "engine/alerts/alert_step.h"
#include "engine/schedules/occurrences.h"
#include "module/alert_check.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;

constexpr std::size_t kPatternsMax = 50;

Status bad(const std::string& name, const std::string& what) {
  return {Code::kInvalidArgument, base::kErrUsage, "alert rule '" + name + "': " + what};
}

std::string pattern_problem(const std::string& pattern) {
  if (pattern.empty()) return "is empty; * stands for everything";
  if (pattern.size() > base::kNameBytesMax) return "is too long";
  return module::printable_ascii(pattern) ? ""
                                          : "has a space or another character that no name has";
}

Status check_rule(const AlertRuleRow& rule) {
  const std::string problem = base::name_problem(rule.name);
  if (!problem.empty()) {
    return {Code::kInvalidArgument, base::kErrBadName,
            "alert rule '" + rule.name + "': " + problem};
  }
  if (rule.selection.size() > kPatternsMax) {
    return bad(rule.name, "more than " + std::to_string(kPatternsMax) + " patterns");
  }
  for (const std::string& pattern : rule.selection) {
    const std::string wrong = pattern_problem(pattern);
    if (!wrong.empty()) return bad(rule.name, "pattern '" + pattern + "' " + wrong);
  }
  const auto problems =
      module::alert_problems({rule.name, rule.event, "", rule.threshold, rule.webhook, rule.channel,
                              rule.secret, rule.over_usual});
  return problems.empty() ? Status() : problems.front();
}

// What a module declares is changed there.
Status check_not_declared(const AlertRuleRow& rule) {
  if (rule.pipeline.empty()) return {};
  return {Code::kFailedPrecondition, base::kErrUsage,
          "alert rule '" + rule.name + "' is declared by the module of pipeline '" + rule.pipeline +
              "'; change it there, or silence it: weir alerts silence --rule " + rule.name};
}

Status check_there(const State& state, const PutAlertRule& command) {
  const auto& rules = state.alerts.rules;
  const auto found = rules.find(command.rule.name);
  const bool there = found != rules.end();
  if (!command.create && !there) return unknown_alert_rule(state, command.rule.name);
  if (!command.create) return check_not_declared(found->second);
  if (there) {
    return {Code::kAlreadyExists, base::kErrDuplicateName,
            "there is an alert rule '" + command.rule.name +
                "' already; choose another name, or change it: weir alerts edit " +
                command.rule.name};
  }
  if (rules.size() < kAlertRulesMax) return {};
  return {Code::kResourceExhausted, base::kErrLimit,
          "there are " + std::to_string(rules.size()) +
              " alert rules, which is the limit; delete some"};
}

Status check_silence(const Step& step, const SilenceRow& silence) {
  for (const std::string& pattern : {silence.rule, silence.subject}) {
    const std::string wrong = pattern_problem(pattern);
    if (!wrong.empty()) {
      return {Code::kInvalidArgument, base::kErrUsage, "pattern '" + pattern + "' " + wrong};
    }
  }
  if (silence.until && *silence.until <= step.now.wall) {
    return {Code::kInvalidArgument, base::kErrUsage,
            "the silence would end at " + utc_text(*silence.until) +
                ", which is past; give a later --until"};
  }
  if (step.state.alerts.silences.size() < kSilencesMax) return {};
  return {Code::kResourceExhausted, base::kErrLimit,
          "there are " + std::to_string(kSilencesMax) + " silences, which is the limit; end some"};
}

void end_alerts_of(Step& step, const std::string& rule, const std::string& why) {
  Alerts& alerts = step.state.alerts;
  for (auto at = alerts.firing.lower_bound({rule, ""});
       at != alerts.firing.end() && at->first.first == rule;
       at = alerts.firing.lower_bound({rule, ""})) {
    resolve_without_message(step, alerts.live.at(at->second), why);
  }
}

void end_silence(Step& step, std::map<std::int64_t, SilenceRow>::iterator at,
                 const std::string& by) {
  SilenceRow row = std::move(at->second);
  step.state.alerts.silences.erase(at);
  emit(step, AlertChanged{row.rule, row.subject, "unsilenced", by});
  row.ended = true;
  write(step, std::move(row));
}

}  // namespace

Status unknown_alert_rule(const State& state, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [rule, row] : state.alerts.rules) known.push_back(rule);
  return {Code::kNotFound, base::kErrUnknownAlert,
          "no alert rule is named '" + name + "'." + base::did_you_mean(name, known) +
              " `weir alerts rules` shows them."};
}

void keep_alert_rule(Step& step, AlertRuleRow rule, const char* what) {
  rule.changed_at = step.now.wall;
  rule.deleted = false;
  Alerts& alerts = step.state.alerts;
  const auto before = alerts.rules.find(rule.name);
  if (before != alerts.rules.end() && before->second.event != rule.event) {
    // What it looked for before, nobody would ever resolve.
    end_alerts_of(step, rule.name, "its rule was changed");
  }
  alerts.rules[rule.name] = rule;
  arm_slow_runs(step.state, rule, step.now);
  emit(step, AlertChanged{rule.name, "", what, rule.changed_by});
  write(step, std::move(rule));
}

void drop_alert_rule(Step& step, const std::string& name, const std::string& by) {
  end_alerts_of(step, name, "its rule was deleted");
  auto rule = step.state.alerts.rules.extract(name);
  rule.mapped().deleted = true;
  forget_usual(step.state);
  emit(step, AlertChanged{name, "", "deleted", by});
  write(step, std::move(rule.mapped()));
}

void put_alert_rule(Step& step, const PutAlertRule& command) {
  if (answered_before(step, command.request)) return;
  AlertRuleRow rule = command.rule;
  rule.pipeline.clear();
  if (rule.event == AlertEvent::kTaskFailed && rule.threshold == 0) rule.threshold = 1;
  Status status = check_rule(rule);
  if (status.ok()) status = check_there(step.state, command);
  if (!status.ok()) return reply(step, command.request, std::move(status));
  rule.changed_by = who(command.by);
  reply(step, command.request, {}, ChangedNames{{rule.name}});
  keep_alert_rule(step, std::move(rule), command.create ? "created" : "edited");
}

void delete_alert_rule(Step& step, const DeleteAlertRule& command) {
  if (answered_before(step, command.request)) return;
  Alerts& alerts = step.state.alerts;
  const auto found = alerts.rules.find(command.name);
  if (found == alerts.rules.end()) {
    return reply(step, command.request, unknown_alert_rule(step.state, command.name));
  }
  if (Status status = check_not_declared(found->second); !status.ok()) {
    return reply(step, command.request, std::move(status));
  }
  reply(step, command.request, {}, ChangedNames{{command.name}});
  drop_alert_rule(step, command.name, who(command.by));
}

void silence_alerts(Step& step, const SilenceAlerts& command) {
  if (answered_before(step, command.request)) return;
  auto& silences = step.state.alerts.silences;
  for (auto at = silences.begin(); at != silences.end();) {
    const auto next = std::next(at);
    const bool over = at->second.until && *at->second.until <= step.now.wall;
    if (over) end_silence(step, at, "the end of its time");
    at = next;
  }
  Status status = check_silence(step, command.silence);
  if (!status.ok()) return reply(step, command.request, std::move(status));
  SilenceRow row = command.silence;
  row.since = step.now.wall;
  row.by = who(command.by);
  row.ended = false;
  emit(step, AlertChanged{row.rule, row.subject, "silenced",
                          row.by + (row.reason.empty() ? "" : ": " + row.reason)});
  row.id = step.state.last_seq;
  silences[row.id] = row;
  reply(step, command.request, {}, ChangedNames{{std::to_string(row.id)}});
  write(step, std::move(row));
}

void unsilence_alerts(Step& step, const UnsilenceAlerts& command) {
  if (answered_before(step, command.request)) return;
  auto& silences = step.state.alerts.silences;
  const auto found = silences.find(command.id);
  if (found == silences.end()) {
    return reply(step, command.request,
                 Status(Code::kNotFound, base::kErrUnknownAlert,
                        "there is no silence " + std::to_string(command.id) +
                            "; `weir alerts silences` shows those that there are"));
  }
  end_silence(step, found, who(command.by));
  reply(step, command.request, {}, ChangedNames{{std::to_string(command.id)}});
}

}  // namespace weir::engine
