// The search for the next instant: bit by bit through seconds, minutes, hours and days, month by
// month, never minute by minute.
// Pure functions; no allocation.
#include "calendar/cron_times.h"

#include <bit>
#include <chrono>
#include <cstdint>

namespace weir::calendar {
namespace {

using std::chrono::days;
using std::chrono::seconds;

// Days such as the 29th of February on a given weekday come back after 40 years at most.
constexpr int kMonthsMax = 41 * 12;
constexpr seconds kPastMax = days(41 * 366);
constexpr seconds kDay = days(1);

// The lowest bit that is `from` or above; -1 when there is none.
int next_bit(std::uint64_t bits, int from) {
  const std::uint64_t left = from > 63 ? 0 : bits >> from << from;
  return left == 0 ? -1 : std::countr_zero(left);
}

seconds first_time(const Cron& cron, int hour) {
  return seconds(hour * 3600 + next_bit(cron.minutes, 0) * 60 + next_bit(cron.seconds, 0));
}

// The first time of a day that is not before `from`.
std::optional<seconds> next_time(const Cron& cron, seconds from) {
  const int time = int(from.count());
  const int hour = time / 3600, minute = time / 60 % 60;
  if (next_bit(cron.hours, hour) == hour) {
    if (next_bit(cron.minutes, minute) == minute) {
      const int second = next_bit(cron.seconds, time % 60);
      if (second >= 0) return seconds(hour * 3600 + minute * 60 + second);
    }
    const int later = next_bit(cron.minutes, minute + 1);
    if (later >= 0) return seconds(hour * 3600 + later * 60 + next_bit(cron.seconds, 0));
  }
  const int later = next_bit(cron.hours, hour + 1);
  if (later < 0) return std::nullopt;
  return first_time(cron, later);
}

// The first local time that matches and is not before `from`, as if no clock were ever set.
std::optional<LocalTime> next_local(const Cron& cron, LocalTime from) {
  const auto day = std::chrono::floor<days>(from);
  const std::chrono::year_month_day date(day);
  int year = int(date.year()), month = int(unsigned(date.month()));
  int at_least = int(unsigned(date.day()));
  auto begin = day - days(at_least - 1);  // of the month
  bool today = true;
  for (int i = 0; i <= kMonthsMax; ++i) {
    const int length = month_length(month, std::chrono::year(year).is_leap());
    if ((cron.months >> month & 1) != 0) {
      const int weekday = int(std::chrono::weekday(begin).c_encoding());
      const std::uint32_t matching = matching_days(cron, length, weekday);
      int found = next_bit(matching, at_least);
      if (today && found == at_least) {
        const auto time = next_time(cron, from - LocalTime(day));
        if (time) return LocalTime(day) + *time;
        found = next_bit(matching, at_least + 1);
      }
      if (found >= 0) {
        return LocalTime(begin + days(found - 1)) + first_time(cron, next_bit(cron.hours, 0));
      }
    }
    today = false;
    at_least = 1;
    begin += days(length);
    if (++month > 12) month = 1, ++year;
  }
  return std::nullopt;
}

std::optional<Instant> next_interval(const Cron& cron, const Zone& zone, Instant t) {
  Instant from = t + seconds(1);
  for (std::size_t i = zone.span_at(from);; ++i) {
    const ZoneSpan& span = zone.spans()[i];
    const auto local = next_local(cron, LocalTime(from.time_since_epoch() + span.offset));
    if (!local) return std::nullopt;
    const Instant at(local->time_since_epoch() - span.offset);
    if (i + 1 == zone.spans().size() || at < zone.spans()[i + 1].begin) return at;
    from = zone.spans()[i + 1].begin;
  }
}

std::optional<Instant> next_wall_clock(const Cron& cron, const Zone& zone, Instant t) {
  const auto& spans = zone.spans();
  const std::size_t now = zone.span_at(t);
  LocalTime from(t.time_since_epoch() + spans[now].offset + seconds(1));
  // While a time is read for the first time, its second reading is still to come.
  for (std::size_t i = now + 1; i < spans.size() && spans[i].begin <= t + kDay; ++i) {
    from = std::min(from, LocalTime(spans[i].begin.time_since_epoch() + spans[i].offset));
  }
  for (;;) {
    const auto local = next_local(cron, from);
    if (!local) return std::nullopt;
    const Instant at = zone.fires_at(*local);
    if (at > t) return at;
    from = *local + seconds(1);
  }
}

}  // namespace

std::optional<Instant> next_after(const Cron& cron, const Zone& zone, Instant t) {
  if (cron.every_seconds != 0) {
    const seconds every(cron.every_seconds);
    const seconds since = t.time_since_epoch();
    const seconds into = (since % every + every) % every;
    return t + (every - into);
  }
  return is_interval(cron) ? next_interval(cron, zone, t) : next_wall_clock(cron, zone, t);
}

std::optional<Instant> last_until(const Cron& cron, const Zone& zone, Instant t) {
  const auto not_after = [&](Instant from) {
    const auto at = next_after(cron, zone, from);
    return at && *at <= t ? at : std::optional<Instant>();
  };
  std::optional<Instant> best;
  for (seconds back(60); !best && back < 2 * kPastMax; back *= 2) best = not_after(t - back);
  if (!best) return std::nullopt;
  // Nothing fires in (no_more, t].
  for (Instant no_more = t;;) {
    const auto later = not_after(*best);
    if (!later) return best;
    best = later;
    const Instant middle = *best + (no_more - *best) / 2;
    if (const auto past_middle = not_after(middle)) {
      best = past_middle;
    } else {
      no_more = middle;
    }
  }
}

}  // namespace weir::calendar
