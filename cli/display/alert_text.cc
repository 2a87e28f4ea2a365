// See alert_text.h. What others wrote goes through printable().
// Main thread.
// Nothing is computed here that the scheduler says.
#include "cli/display/alert_text.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include "base/errors.h"
#include "base/names.h"
#include "cli/text/duration.h"
#include "cli/values.h"

namespace weir::cli {
namespace {

constexpr std::size_t kAlertNameWidth = 11;

std::string limit_text(const v1::AlertRule& rule) {
  using google::protobuf::util::TimeUtil;
  return format_duration(std::chrono::milliseconds(TimeUtil::DurationToMilliseconds(rule.limit())));
}

// Lines of a name and a value, without those that say nothing.
class AlertLines {
 public:
  explicit AlertLines(const Painter& paint) : paint_(paint) {}
  void add(const std::string& name, const std::string& value) {
    if (value.empty() || value == "-") return;
    text +=
        paint_(Color::kBold, name + std::string(kAlertNameWidth - name.size(), ' ')) + value + "\n";
  }

  std::string text;

 private:
  const Painter& paint_;
};

}  // namespace

std::string alert_event_word(v1::AlertEvent event) {
  return enum_word(v1::AlertEvent_Name(event), "ALERT_EVENT_");
}

base::Result<v1::AlertEvent> parse_alert_event(const std::string& word) {
  std::vector<std::string> words;
  std::string all;
  for (int value = 1; value <= v1::AlertEvent_MAX; ++value) {
    const auto event = static_cast<v1::AlertEvent>(value);
    words.push_back(alert_event_word(event));
    if (words.back() == word) return event;
    all += (all.empty() ? "" : ", ") + words.back();
  }
  return base::Status(base::Code::kInvalidArgument, base::kErrUsage,
                      "'" + word + "' is nothing that an alert is for; that is " + all + "." +
                          base::did_you_mean(word, words));
}

Cell alert_state(const v1::Alert& alert) {
  const Color color = alert.state() == v1::ALERT_STATE_FIRING     ? Color::kRed
                      : alert.state() == v1::ALERT_STATE_RESOLVED ? Color::kGreen
                                                                  : Color::kNone;
  return {enum_word(v1::AlertState_Name(alert.state()), "ALERT_STATE_"), color};
}

Cell alert_delivery(const v1::Alert& alert) {
  if (alert.delivery() == v1::ALERT_DELIVERY_NONE) return {"-"};
  const Color color =
      alert.delivery() == v1::ALERT_DELIVERY_UNDELIVERED ? Color::kRed : Color::kNone;
  return {enum_word(v1::AlertDelivery_Name(alert.delivery()), "ALERT_DELIVERY_"), color};
}

std::string rule_event_text(const v1::AlertRule& rule) {
  std::string text = alert_event_word(rule.event());
  if (rule.attempts() > 1) text += " from " + std::to_string(rule.attempts()) + " attempts on";
  if (rule.over_usual()) text += " over its usual p95";
  if (rule.has_limit()) text += " over " + limit_text(rule);
  return text;
}

std::string rule_target_text(const v1::AlertRule& rule) {
  if (!rule.channel().empty()) return "channel " + rule.channel();
  const std::size_t host = rule.webhook().find("://");
  if (host == std::string::npos) return "-";
  const std::size_t end = rule.webhook().find_first_of("/?#", host + 3);
  if (end == std::string::npos || end + 1 == rule.webhook().size()) return rule.webhook();
  return rule.webhook().substr(0, end) + "/…";
}

std::string alert_description(const Painter& paint, const v1::Alert& alert) {
  AlertLines lines(paint);
  lines.add("alert", std::to_string(alert.id()));
  lines.add("rule", printable(alert.rule()));
  lines.add("event", alert_event_word(alert.event()));
  lines.add("about", printable(alert.subject()));
  const Cell state = alert_state(alert);
  lines.add("state", paint(state.color, state.text));
  lines.add("since", time_cell(alert.since()));
  if (alert.count() > 1) {
    lines.add("repeated",
              std::to_string(alert.count()) + " times, the last " + time_cell(alert.last_at()));
  }
  lines.add("resolved", time_cell(alert.resolved_at()));
  lines.add("what", printable(in_local_time(alert.text())));
  lines.add("run", alert.run_id());
  const Cell delivery = alert_delivery(alert);
  lines.add("message", paint(delivery.color, delivery.text) +
                           (alert.failure().empty() ? "" : ": " + printable(alert.failure())));
  lines.add("next", printable(alert.next()));
  return lines.text;
}

std::string rule_description(const Painter& paint, const v1::AlertRule& rule) {
  AlertLines lines(paint);
  lines.add("rule", printable(rule.name()));
  lines.add("event", rule_event_text(rule));
  std::string selection;
  for (const std::string& pattern : rule.selection()) {
    selection += (selection.empty() ? "" : ", ") + printable(pattern);
  }
  lines.add("for", selection.empty() ? "all" : selection);
  lines.add("to", rule.webhook().empty() ? rule_target_text(rule) : printable(rule.webhook()));
  lines.add("secret", printable(rule.secret()));
  lines.add("made", rule.pipeline().empty()
                        ? "by command"
                        : "by the module of pipeline " + printable(rule.pipeline()));
  lines.add("changed", time_cell(rule.changed_at()) + " by " + printable(rule.changed_by()));
  return lines.text;
}

}  // namespace weir::cli
