// Instants and local times of one zone: what holds at an instant, and which instant a local time
// means when the clock was set. The spans were read by somebody else, so nothing here can fail.
// Pure, safe from any thread.
#include "calendar/zone.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace weir::calendar {
namespace {

// Offsets are within a day of UTC, so a local time can only be meant in spans this near.
constexpr std::chrono::hours kOffsetMax{26};

}  // namespace

Zone::Zone(std::string name, std::vector<ZoneSpan> spans)
    : name_(std::move(name)), spans_(std::move(spans)) {
  CHECK(!spans_.empty());
}

Zone Zone::utc() { return Zone("UTC", {{Instant::min(), std::chrono::seconds(0), "UTC"}}); }

std::size_t Zone::span_at(Instant at) const {
  const auto after =
      std::upper_bound(spans_.begin() + 1, spans_.end(), at,
                       [](Instant t, const ZoneSpan& span) { return t < span.begin; });
  return std::size_t(after - spans_.begin()) - 1;
}

LocalTime Zone::to_local(Instant at) const {
  return LocalTime(at.time_since_epoch() + this->at(at).offset);
}

Instant Zone::fires_at(LocalTime local) const {
  const auto at_offset = [&](std::chrono::seconds offset) {
    return Instant(local.time_since_epoch() - offset);
  };
  const std::size_t last = span_at(at_offset(-kOffsetMax));
  // From the latest span back: the first that has this local time gives its latest instant.
  for (std::size_t i = last;; --i) {
    const Instant at = at_offset(spans_[i].offset);
    const bool begun = i == 0 || at >= spans_[i].begin;
    if (begun && (i == last || at < spans_[i + 1].begin)) return at;
    // Between the end of this span and the begin of the next, on the clock: the gap.
    if (begun && i < last && at_offset(spans_[i + 1].offset) < spans_[i + 1].begin) {
      return spans_[i + 1].begin;
    }
    if (i == 0) return at;
  }
}

}  // namespace weir::calendar
