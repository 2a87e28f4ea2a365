// Alert rules that modules declare: checked before a registration is accepted, taken over when it
// is. One that is no longer declared is deleted; what it had found is resolved without a message.
// Part of Engine's step.
#include <set>
#include <utility>

#include "base/errors.h"
#include "engine/alerts/alert_step.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;

std::string rule_name(const Manifest& manifest, const module::AlertSpec& spec) {
  return manifest.pipeline + "/" + spec.name;
}

// By which its findings are selected.
std::string subject_of(const Manifest& manifest, const module::AlertSpec& spec) {
  switch (spec.event) {
    case AlertEvent::kTaskFailed:
      return manifest.pipeline + ":" + spec.about;
    case AlertEvent::kCheckFailed:
    case AlertEvent::kFreshnessWarn:
    case AlertEvent::kFreshnessFail:
      return spec.about;
    default:  // of jobs; a manifest has no others
      return manifest.pipeline + "/" + spec.about;
  }
}

AlertRuleRow declared_rule(const Manifest& manifest, const module::AlertSpec& spec) {
  AlertRuleRow row;
  row.name = rule_name(manifest, spec);
  row.event = spec.event;
  row.selection = {subject_of(manifest, spec)};
  row.threshold = spec.threshold;
  row.webhook = spec.webhook;
  row.channel = spec.channel;
  row.secret = spec.secret;
  row.pipeline = manifest.pipeline;
  row.over_usual = spec.over_usual;
  return row;
}

bool same_rule(const AlertRuleRow& a, const AlertRuleRow& b) {
  return a.pipeline == b.pipeline && a.event == b.event && a.selection == b.selection &&
         a.threshold == b.threshold && a.over_usual == b.over_usual && a.webhook == b.webhook &&
         a.channel == b.channel && a.secret == b.secret;
}

std::set<std::string> rule_names(const Manifest& manifest) {
  std::set<std::string> names;
  for (const module::AlertSpec& spec : manifest.alerts) names.insert(rule_name(manifest, spec));
  return names;
}

}  // namespace

Status check_alerts(const State& state, const Manifest& manifest) {
  const auto& rules = state.alerts.rules;
  std::size_t fresh = 0;
  for (const std::string& name : rule_names(manifest)) {
    const auto found = rules.find(name);
    if (found == rules.end()) {
      ++fresh;
    } else if (found->second.pipeline.empty()) {
      return {Code::kAlreadyExists, base::kErrDuplicateName,
              "alert rule '" + name +
                  "' was made by command; give the module's another name, or delete that one: weir "
                  "alerts delete " +
                  name};
    } else if (found->second.pipeline != manifest.pipeline) {
      return {Code::kAlreadyExists, base::kErrDuplicateName,
              "alert rule '" + name + "' is declared by the module of pipeline '" +
                  found->second.pipeline + "'; rename it"};
    }
  }
  if (rules.size() + fresh <= kAlertRulesMax) return {};
  return {Code::kResourceExhausted, base::kErrLimit,
          "with those of the module there would be " + std::to_string(rules.size() + fresh) +
              " alert rules; the limit is " + std::to_string(kAlertRulesMax) + ": delete some"};
}

void declare_alerts(Step& step, const Manifest& manifest, const Digest& module) {
  const std::string by = "module " + module.hex().substr(0, 12);
  const std::set<std::string> kept = rule_names(manifest);
  std::vector<std::string> gone;
  for (const auto& [name, rule] : step.state.alerts.rules) {
    if (rule.pipeline == manifest.pipeline && !kept.contains(name)) gone.push_back(name);
  }
  for (const std::string& name : gone) drop_alert_rule(step, name, by);
  for (const module::AlertSpec& spec : manifest.alerts) {
    AlertRuleRow rule = declared_rule(manifest, spec);
    const auto found = step.state.alerts.rules.find(rule.name);
    const bool there = found != step.state.alerts.rules.end();
    if (there && same_rule(found->second, rule)) continue;
    rule.changed_by = by;
    keep_alert_rule(step, std::move(rule), there ? "edited" : "created");
  }
}

void add_alert_changes(const State& state, const Manifest& manifest, ModuleChange& change) {
  const std::set<std::string> kept = rule_names(manifest);
  for (const module::AlertSpec& spec : manifest.alerts) {
    const auto found = state.alerts.rules.find(rule_name(manifest, spec));
    if (found == state.alerts.rules.end()) {
      change.added.push_back("alert " + spec.name);
    } else if (!same_rule(found->second, declared_rule(manifest, spec))) {
      change.changed.push_back("alert " + spec.name);
    }
  }
  for (const auto& [name, rule] : state.alerts.rules) {
    if (rule.pipeline != manifest.pipeline || kept.contains(name)) continue;
    change.removed.push_back("alert " + name.substr(manifest.pipeline.size() + 1));
  }
}

}  // namespace weir::engine
