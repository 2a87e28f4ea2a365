// How long what has ended is kept: what the operator says, the store does and the API tells. Values
// only, from any thread; what needs something that is old, and so keeps it, is not known here:
// scheduler/store/retention.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "base/ids.h"

namespace weir::ports {

struct RetentionOptions {
  // Runs, with their tasks, attempts, checks, events and logs, after their end.
  base::Duration runs = std::chrono::hours(24 * 90);
  // Ticks, after their nominal time; a thousand of each schedule are kept, however old they are.
  base::Duration ticks = std::chrono::hours(24 * 30);
};

// "90 days", "36 hours": in the largest unit that is whole.
inline std::string kept_words(base::Duration kept) {
  constexpr std::pair<std::int64_t, const char*> kUnits[] = {
      {86'400, " day"}, {3'600, " hour"}, {60, " minute"}};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kept).count();
  for (const auto& [length, unit] : kUnits) {
    if (seconds % length != 0) continue;
    const std::int64_t count = seconds / length;
    return std::to_string(count) + unit + (count == 1 ? "" : "s");
  }
  return std::to_string(seconds) + " seconds";
}

}  // namespace weir::ports
