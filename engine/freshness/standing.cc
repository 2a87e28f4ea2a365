// The two kinds of policies, each as one function of the time. A deadline that is exactly now has
// passed; an age that is exactly the limit is over it.
// Pure: the zone of the deadlines is in the occurrences.
#include "engine/freshness/standing.h"

#include <algorithm>

namespace weir::engine {
namespace {

using base::WallTime;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Of the age that passes, nothing is made anew for a twentieth: where a refresh is expected to take
// longer than the age, one would follow the other at once, and those that have nothing to do take
// no time at all.
constexpr std::int64_t kPauseShare = 20;

// The first of them that is to come.
void changes_at(Standing& standing, WallTime at, WallTime now) {
  if (at <= now) return;
  standing.next_change = std::min(standing.next_change.value_or(at), at);
}

// It was never made: an age that is not there yet has no deadline but the time from which it is
// required. A deadline by the clock counts from the first on.
Standing never_made(const module::FreshnessSpec& spec, const calendar::Occurrences* deadlines,
                    WallTime since, WallTime now) {
  Standing standing;
  if (deadlines != nullptr) {
    if (const auto next = deadlines->next_after(std::chrono::floor<seconds>(now))) {
      standing.deadline = standing.pass_until = next->at;
      standing.not_before = next->at - milliseconds(spec.lower_bound_ms);
    }
  }
  if (spec.required_after_ms < 0) return standing;
  const WallTime required = since + milliseconds(spec.required_after_ms);
  if (required <= now) standing.state = FreshnessState::kFail;
  changes_at(standing, required, now);
  if (!standing.deadline || required < *standing.deadline) {
    standing.deadline = standing.pass_until = required;
    standing.not_before = {};
  }
  return standing;
}

Standing by_age(const module::FreshnessSpec& spec, WallTime last, WallTime now) {
  const WallTime fails = last + milliseconds(spec.fail_ms);
  const WallTime warns = spec.warn_ms > 0 ? last + milliseconds(spec.warn_ms) : fails;
  Standing standing;
  standing.state = now >= fails   ? FreshnessState::kFail
                   : now >= warns ? FreshnessState::kWarn
                                  : FreshnessState::kPass;
  changes_at(standing, warns, now);
  changes_at(standing, fails, now);
  standing.deadline = fails;
  standing.pass_until = warns;
  standing.not_before = last + (warns - last) / kPauseShare;
  return standing;
}

Standing by_deadline(const module::FreshnessSpec& spec, const calendar::Occurrences& deadlines,
                     WallTime last, WallTime now) {
  const milliseconds window(spec.lower_bound_ms);
  const auto at = std::chrono::floor<seconds>(now);
  const auto before = deadlines.last_until(at);
  auto next = deadlines.next_after(at);
  Standing standing;
  const bool met = !before || last >= before->at - window;
  standing.state = met ? FreshnessState::kPass : FreshnessState::kFail;
  if (!met) {
    standing.deadline = standing.pass_until = before->at;
    standing.not_before = before->at - window;
  }
  if (!next) return standing;
  changes_at(standing, next->at, now);
  const bool next_is_met = last >= next->at - window;
  if (met && !next_is_met && spec.warn_margin_ms > 0) {
    const WallTime warns = WallTime(next->at) - milliseconds(spec.warn_margin_ms);
    if (warns <= now) standing.state = FreshnessState::kWarn;
    changes_at(standing, warns, now);
  }
  if (standing.deadline) return standing;
  // The first that the last version does not meet.
  if (next_is_met) next = deadlines.next_after(std::chrono::floor<seconds>(last + window));
  if (!next) return standing;
  standing.deadline = next->at;
  standing.pass_until = WallTime(next->at) - milliseconds(spec.warn_margin_ms);
  standing.not_before = next->at - window;
  return standing;
}

}  // namespace

Standing standing_of(const module::FreshnessSpec& spec, const calendar::Occurrences* deadlines,
                     WallTime since, std::optional<WallTime> last, WallTime now) {
  if (!last) return never_made(spec, deadlines, since, now);
  if (spec.kind == module::FreshnessKind::kMaxAge) return by_age(spec, *last, now);
  if (deadlines == nullptr) return {};  // its zone cannot be read
  return by_deadline(spec, *deadlines, *last, now);
}

}  // namespace weir::engine
