// See freshness_standing.h. A policy with deadlines is looked at from one to the next; a version
// counts for one or two of them, so that few steps tell what comes.
// Pure.
#include "scheduler/rpc/freshness_standing.h"

#include <utility>

#include "base/text.h"
#include "calendar/cron_text.h"
#include "engine/freshness/standing.h"

namespace weir::rpc {
namespace {

using engine::FreshnessState;
using std::chrono::milliseconds;

constexpr int kChangesMax = 1000;  // instants that are looked at

std::string deadlines_text(const module::FreshnessSpec& spec) {
  const auto cron = calendar::read_cron(spec.cron);
  if (!cron.ok()) return "by '" + spec.cron + "'";
  const std::string words = calendar::describe(*cron);
  // "at 09:00 on weekdays" is said of a deadline as "by 09:00 on weekdays".
  std::string text = words.starts_with("at ") ? "by " + words.substr(3) : "by a deadline " + words;
  if (cron->every_seconds != 0) return text;
  return text + ", " + spec.zone + (spec.zone == "UTC" ? "" : " time");
}

}  // namespace

std::string description_of(const module::FreshnessSpec& spec) {
  std::string text;
  if (spec.kind == module::FreshnessKind::kMaxAge) {
    text = "at most " + base::span_words(milliseconds(spec.fail_ms)) + " old";
    if (spec.warn_ms > 0) text += ", warns from " + base::span_words(milliseconds(spec.warn_ms));
  } else {
    text = deadlines_text(spec) + ", made not more than " +
           base::span_words(milliseconds(spec.lower_bound_ms)) + " before";
    if (spec.warn_margin_ms > 0)
      text += ", warns " + base::span_words(milliseconds(spec.warn_margin_ms)) + " before";
  }
  if (spec.required_after_ms == 0) text += ", required from the start";
  if (spec.required_after_ms > 0) {
    text += ", required " + base::span_words(milliseconds(spec.required_after_ms)) +
            " after it was declared";
  }
  return text + (spec.action == module::FreshnessAction::kObserve ? "; observed only" : "");
}

base::Result<FreshnessStanding> FreshnessStanding::of(const engine::FreshnessRow& row,
                                                      std::shared_ptr<const calendar::Zone> zone) {
  if (row.spec.kind == module::FreshnessKind::kMaxAge) return FreshnessStanding(row, nullptr);
  auto cron = calendar::read_cron(row.spec.cron);
  if (!cron.ok()) return cron.status();
  return FreshnessStanding(row, std::make_shared<const calendar::Occurrences>(
                                    std::vector<calendar::Cron>{*cron}, std::move(zone),
                                    calendar::Occurrences::Limits{}, calendar::DaysOff{}));
}

FreshnessStanding::FreshnessStanding(const engine::FreshnessRow& row,
                                     std::shared_ptr<const calendar::Occurrences> deadlines)
    : row_(row), deadlines_(std::move(deadlines)) {}

std::optional<FreshnessChange> FreshnessStanding::next_change(std::optional<base::WallTime> last,
                                                              base::WallTime now) const {
  if (row_.state == FreshnessState::kNotApplicable) return std::nullopt;
  base::WallTime at = now;
  for (int looked = 0; looked < kChangesMax; ++looked) {
    const auto standing = engine::standing_of(row_.spec, deadlines_.get(), row_.since, last, at);
    if (standing.state != row_.state) return FreshnessChange{standing.state, at};
    if (!standing.next_change || standing.state == FreshnessState::kFail) return std::nullopt;
    at = *standing.next_change;
  }
  return std::nullopt;
}

std::optional<base::WallTime> FreshnessStanding::deadline(std::optional<base::WallTime> last,
                                                          base::WallTime now) const {
  if (row_.state == FreshnessState::kNotApplicable) return std::nullopt;
  return engine::standing_of(row_.spec, deadlines_.get(), row_.since, last, now).deadline;
}

}  // namespace weir::rpc
