// The earliest and the latest over a schedule's expressions, within its limits. What a day off is
// follows from the local day of the instant, so a time that a gap moved counts where it fires.
// Pure; no state but what the constructor was given.
#include "calendar/occurrences.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "calendar/cron_times.h"

namespace weir::calendar {

using std::chrono::seconds;

Occurrences::Occurrences(std::vector<Cron> crons, std::shared_ptr<const Zone> zone, Limits limits,
                         DaysOff days_off)
    : crons_(std::move(crons)),
      zone_(std::move(zone)),
      limits_(limits),
      days_off_(std::move(days_off)) {
  CHECK(!crons_.empty() && zone_ != nullptr);
}

Occurrence Occurrences::at(Instant instant) const {
  const auto day = std::chrono::floor<std::chrono::days>(zone_->to_local(instant));
  const auto off = days_off_.find(day);
  return {instant, off == days_off_.end() ? "" : off->second};
}

std::optional<Occurrence> Occurrences::next_after(Instant t) const {
  if (limits_.start) t = std::max(t, *limits_.start - seconds(1));
  std::optional<Instant> first;
  for (const Cron& cron : crons_) {
    const auto found = calendar::next_after(cron, *zone_, t);
    if (found && (!first || *found < *first)) first = found;
  }
  if (!first || (limits_.end && *first >= *limits_.end)) return std::nullopt;
  return at(*first);
}

std::optional<Occurrence> Occurrences::last_until(Instant t) const {
  if (limits_.end) t = std::min(t, *limits_.end - seconds(1));
  std::optional<Instant> last;
  for (const Cron& cron : crons_) {
    const auto found = calendar::last_until(cron, *zone_, t);
    if (found && (!last || *found > *last)) last = found;
  }
  if (!last || (limits_.start && *last < *limits_.start)) return std::nullopt;
  return at(*last);
}

Occurrence Occurrences::last_alike(const Occurrence& first, Instant t) const {
  auto day = std::chrono::floor<std::chrono::days>(zone_->to_local(first.at));
  auto off = days_off_.lower_bound(day);
  while (off != days_off_.end() && off->first == day && off->second == first.day_off) ++off, ++day;
  if (first.day_off.empty() && off != days_off_.end()) day = off->first;
  const bool ends = !first.day_off.empty() || off != days_off_.end();
  if (ends) t = std::min(t, zone_->fires_at(LocalTime(day)) - seconds(1));
  Occurrence last = *last_until(std::max(t, first.at));
  // A midnight that comes twice: the day has begun at the first.
  while (last.at > first.at && last.day_off != first.day_off) {
    last = *last_until(last.at - seconds(1));
  }
  return last;
}

std::optional<Occurrence> Occurrences::last_due_until(Instant t) const {
  auto last = last_until(t);
  while (last && !last->day_off.empty()) {
    const LocalTime midnight = std::chrono::floor<std::chrono::days>(zone_->to_local(last->at));
    last = last_until(std::min(zone_->fires_at(midnight), last->at) - seconds(1));
  }
  return last;
}

}  // namespace weir::calendar
