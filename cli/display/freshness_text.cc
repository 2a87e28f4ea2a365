// See freshness_text.h. What others wrote goes through printable().
// Main thread.
// Nothing is computed here that the scheduler says.
#include "cli/display/freshness_text.h"

#include <google/protobuf/timestamp.pb.h>

#include "cli/text/duration.h"
#include "cli/values.h"

namespace weir::cli {
namespace {

std::string word_of(v1::FreshnessState state) {
  return enum_word(v1::FreshnessState_Name(state), "FRESHNESS_STATE_");
}

Color color_of(v1::FreshnessState state) {
  switch (state) {
    case v1::FRESHNESS_STATE_PASS:
      return Color::kGreen;
    case v1::FRESHNESS_STATE_WARN:
      return Color::kYellow;
    case v1::FRESHNESS_STATE_FAIL:
      return Color::kRed;
    case v1::FRESHNESS_STATE_NOT_APPLICABLE:
      return Color::kDim;
    default:
      return Color::kNone;
  }
}

}  // namespace

Cell freshness_state(const v1::Freshness& one) {
  return {word_of(one.state()) + (one.paused() ? ", paused" : ""), color_of(one.state())};
}

std::string age_text(const v1::Freshness& one) {
  if (!one.has_age_ms()) return "-";
  return format_duration(std::chrono::milliseconds(one.age_ms()));
}

std::string change_text(const v1::Freshness& one) {
  const bool waits = one.state() == v1::FRESHNESS_STATE_UNKNOWN && !one.has_last_at();
  if (!one.has_next_change_at()) return waits ? "when it is first made" : "-";
  return word_of(one.next_state()) + " at " + time_cell(one.next_change_at());
}

std::string freshness_description(const Painter& paint, const v1::Freshness& one) {
  constexpr std::size_t kNameWidth = 11;
  std::string text;
  const auto line = [&](const std::string& name, const std::string& value) {
    if (value.empty() || value == "-") return;
    text += paint(Color::kBold, name + std::string(kNameWidth - name.size(), ' ')) + value + "\n";
  };
  line("asset", printable(one.asset()));
  line("pipeline", printable(one.pipeline()));
  line("policy", printable(one.description()));
  line(one.set_by().empty() ? "declared" : "set",
       time_cell(one.since()) + (one.set_by().empty() ? "" : " by " + printable(one.set_by())));
  line("state", paint(color_of(one.state()), word_of(one.state())) + " since " +
                    time_cell(one.state_since()));
  line("last",
       one.has_last_at() ? time_cell(one.last_at()) + ", " + age_text(one) + " ago" : "never made");
  line("changes", change_text(one));
  line("deadline", time_cell(one.deadline_at()));
  line("next run", time_cell(one.refresh_at()));
  if (one.policy().expected_ms() > 0) {
    line("expected", format_duration(std::chrono::milliseconds(one.policy().expected_ms())) +
                         " until enough runs are measured");
  }
  if (one.paused()) {
    line("paused", "by " + printable(one.paused_by()) +
                       (one.pause_reason().empty() ? "" : ": " + printable(one.pause_reason())));
  }
  if (one.failures() > 0) {
    line("failures", std::to_string(one.failures()) + " in a row" +
                         (one.has_retry_at() ? ", again from " + time_cell(one.retry_at()) : ""));
  }
  line("problem", paint(Color::kRed, printable(one.problem())));
  return text;
}

}  // namespace weir::cli
