// A time zone as data: the offsets from UTC and the instants at which they change. Immutable;
// whoever evaluates times with one (the engine too) is given it and reads no file. scheduler/zones
// loads them from the system's tables.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weir::calendar {

using Instant = std::chrono::sys_seconds;
using LocalTime = std::chrono::local_seconds;

// Half-open: from `begin` on, until the next span begins.
struct ZoneSpan {
  Instant begin;
  std::chrono::seconds offset{0};  // local time = UTC + offset
  std::string abbreviation;        // "CEST"
};

class Zone {
 public:
  // `spans` in order of time; the first one also holds before its begin. Neighbours that differ in
  // the abbreviation only are allowed.
  Zone(std::string name, std::vector<ZoneSpan> spans);
  static Zone utc();

  const std::string& name() const { return name_; }
  const std::vector<ZoneSpan>& spans() const { return spans_; }

  // The index of the span that holds at an instant.
  std::size_t span_at(Instant at) const;
  const ZoneSpan& at(Instant at) const { return spans_[span_at(at)]; }
  LocalTime to_local(Instant at) const;

  // When a wall-clock job fires that is due at a local time: at that instant; at the second one
  // when there are two; at the first instant after the gap when there is none.
  Instant fires_at(LocalTime local) const;

 private:
  std::string name_;
  std::vector<ZoneSpan> spans_;
};

}  // namespace weir::calendar
