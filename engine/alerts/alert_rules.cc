// Rules and silences as people change them. A rule is judged as a whole before anything of it is
// kept; what can only be judged outside (whether a channel is configured) was judged by whoever
// sends the command. Part of Engine's step.
#include <algorithm>
#include <cctype>
#include <utility>

#include "base/errors.h"
#include "base/names.h"
#include "engine/alerts/alert_step.h"
#include "engine/schedules/occurrences.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;

constexpr std::size_t kPatternsMax = 50;
constexpr std::size_t kAddressBytesMax = 2'048;
constexpr std::int64_t kAttemptsMax = 1'000;
constexpr std::int64_t kLimitMsMin = 1'000;
constexpr std::int64_t kLimitMsMax = std::int64_t{365} * 24 * 3600 * 1000;

Status bad(const std::string& name, const std::string& what) {
  return {Code::kInvalidArgument, base::kErrUsage, "alert rule '" + name + "': " + what};
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string pattern_problem(const std::string& pattern) {
  if (pattern.empty()) return "is empty; * stands for everything";
  if (pattern.size() > base::kNameBytesMax) return "is too long";
  return printable(pattern) ? "" : "has a space or another character that no name has";
}

Status check_webhook(const AlertRuleRow& rule) {
  const std::string& url = rule.webhook;
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0) return bad(rule.name, "a webhook begins with https:// or http://");
  if (url.size() > kAddressBytesMax || !printable(url)) {
    return bad(rule.name, "the webhook is no address of at most " +
                              std::to_string(kAddressBytesMax) + " printable characters");
  }
  const std::string host = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
  if (host.empty()) return bad(rule.name, "the webhook names no host");
  if (host.find('@') != std::string::npos) {
    return bad(rule.name,
               "a webhook with a user or a password would be shown to everybody; put it into the "
               "operator's configuration (--alerts-config) and name its channel");
  }
  return {};
}

Status check_secret(const AlertRuleRow& rule) {
  const std::string& secret = rule.secret;
  if (secret.empty()) return {};
  if (rule.webhook.empty()) return bad(rule.name, "only a webhook has a secret");
  if (secret.starts_with("file:/") && printable(secret)) return {};
  constexpr std::string_view kPrefix = "env:WEIR_SECRET_";
  const bool named = secret.starts_with(kPrefix) && secret.size() > kPrefix.size() &&
                     std::all_of(secret.begin() + 4, secret.end(), [](char c) {
                       return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
                     });
  if (named) return {};
  // It may be the secret itself: it is not repeated.
  return bad(rule.name,
             "the secret is given as a reference: file:/path on the scheduler's machine, or "
             "env:WEIR_SECRET_NAME of its environment");
}

Status check_threshold(const AlertRuleRow& rule) {
  const std::int64_t threshold = rule.threshold;
  switch (rule.event) {
    case AlertEvent::kTaskFailed:
      if (threshold >= 1 && threshold <= kAttemptsMax) return {};
      return bad(rule.name,
                 "the number of failed attempts is from 1 to " + std::to_string(kAttemptsMax));
    case AlertEvent::kTickMissed:
      if (threshold == 0) return {};
      [[fallthrough]];
    case AlertEvent::kRunSlow:
      if (threshold >= kLimitMsMin && threshold <= kLimitMsMax) return {};
      return bad(rule.name, "the limit is from one second to a year");
    default:
      if (threshold == 0) return {};
      return bad(rule.name, std::string(base::word_of(rule.event)) + " has no limit");
  }
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
  if (!rule.webhook.empty() && !rule.channel.empty()) {
    return bad(rule.name, "it has a webhook or a channel, not both");
  }
  Status status = rule.webhook.empty() ? Status() : check_webhook(rule);
  if (status.ok()) status = check_secret(rule);
  if (status.ok()) status = check_threshold(rule);
  return status;
}

Status check_there(const State& state, const PutAlertRule& command) {
  const auto& rules = state.alerts.rules;
  const bool there = rules.contains(command.rule.name);
  if (!command.create) return there ? Status() : unknown_alert_rule(state, command.rule.name);
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

void put_alert_rule(Step& step, const PutAlertRule& command) {
  if (answered_before(step, command.request)) return;
  AlertRuleRow rule = command.rule;
  if (rule.event == AlertEvent::kTaskFailed && rule.threshold == 0) rule.threshold = 1;
  Status status = check_rule(rule);
  if (status.ok()) status = check_there(step.state, command);
  if (!status.ok()) return reply(step, command.request, std::move(status));
  rule.changed_at = step.now.wall;
  rule.changed_by = who(command.by);
  rule.deleted = false;
  Alerts& alerts = step.state.alerts;
  const auto before = alerts.rules.find(rule.name);
  if (before != alerts.rules.end() && before->second.event != rule.event) {
    // What it looked for before, nobody would ever resolve.
    for (auto at = alerts.firing.lower_bound({rule.name, ""});
         at != alerts.firing.end() && at->first.first == rule.name;
         at = alerts.firing.lower_bound({rule.name, ""})) {
      resolve_without_message(step, alerts.live.at(at->second), "its rule was changed");
    }
  }
  alerts.rules[rule.name] = rule;
  for (const auto& [id, run] : step.state.runs) arm_slow_run(step.state, rule, run, step.now);
  emit(step, AlertChanged{rule.name, "", command.create ? "created" : "edited", rule.changed_by});
  reply(step, command.request, {}, ChangedNames{{rule.name}});
  write(step, std::move(rule));
}

void delete_alert_rule(Step& step, const DeleteAlertRule& command) {
  if (answered_before(step, command.request)) return;
  Alerts& alerts = step.state.alerts;
  const auto found = alerts.rules.find(command.name);
  if (found == alerts.rules.end()) {
    return reply(step, command.request, unknown_alert_rule(step.state, command.name));
  }
  for (auto at = alerts.firing.lower_bound({command.name, ""});
       at != alerts.firing.end() && at->first.first == command.name;
       at = alerts.firing.lower_bound({command.name, ""})) {
    resolve_without_message(step, alerts.live.at(at->second), "its rule was deleted");
  }
  AlertRuleRow rule = std::move(found->second);
  alerts.rules.erase(found);
  rule.deleted = true;
  emit(step, AlertChanged{rule.name, "", "deleted", who(command.by)});
  reply(step, command.request, {}, ChangedNames{{rule.name}});
  write(step, std::move(rule));
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
