// A message about an alert: JSON for programs, with a text for people in it. What the log of the
// attempt says is added by whoever delivers it. And the words that findings have in common. Pure
// functions; secrets are references here and stay ones.
#include <utility>

#include "base/json.h"
#include "engine/alerts/alert_step.h"
#include "engine/schedules/occurrences.h"

namespace weir::engine {
namespace {

using base::Json;

std::string seconds_text(WallTime at) {
  return utc_text(WallTime(std::chrono::floor<std::chrono::seconds>(at)));
}

std::string text_of(const AlertRow& row, const std::string& what, std::string_view state) {
  std::string text = "[" + std::string(state) + "] " + row.rule + ": " + row.subject + "\n" + what;
  if (state == "resolved") {
    text += "\nit was: " + row.text;
  }
  text += "\nsince " + seconds_text(row.since);
  if (row.count > 1) text += ", " + std::to_string(row.count) + " times";
  if (!row.next.empty() && state != "resolved") text += "\nnext: " + row.next;
  return text;
}

}  // namespace

std::string duration_words(std::int64_t ms) {
  if (ms > 0 && ms < 1000) return std::to_string(ms) + " ms";
  const std::int64_t seconds = ms / 1000;
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) {
    const std::string rest = seconds % 60 == 0 ? "" : " " + std::to_string(seconds % 60) + " s";
    return std::to_string(seconds / 60) + " min" + rest;
  }
  const std::int64_t minutes = seconds % 3600 / 60;
  return std::to_string(seconds / 3600) + " h" +
         (minutes == 0 ? "" : " " + std::to_string(minutes) + " min");
}

std::int64_t ms_between(WallTime from, WallTime to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
}

std::string alert_payload(const AlertRuleRow& rule, const AlertRow& row, const Finding& finding,
                          std::string_view state, WallTime now) {
  Json message{Json::Object{}};
  message.set("alert", row.id).set("rule", row.rule).set("event", base::word_of(row.event));
  message.set("state", state).set("subject", row.subject).set("what", finding.text);
  message.set("since", seconds_text(row.since)).set("at", seconds_text(now));
  message.set("count", row.count);
  message.set("run", row.run ? row.run.text() : std::string());
  message.set("next", row.next).set("text", text_of(row, finding.text, state));
  Json payload{Json::Object{}};
  if (rule.channel.empty()) {
    payload.set("webhook", rule.webhook).set("secret", rule.secret);
  } else {
    payload.set("channel", rule.channel);
  }
  if (finding.task >= 0) {
    Json attempt{Json::Object{}};
    attempt.set("run", finding.run.text()).set("task", std::int64_t(finding.task));
    attempt.set("epoch", std::int64_t(finding.epoch));
    payload.set("log", std::move(attempt));
  }
  payload.set("message", std::move(message));
  return payload.dump();
}

}  // namespace weir::engine
