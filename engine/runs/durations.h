// What work has taken lately: of an asset by the attempts that made it, of a job by its runs. Read
// from the tables when it is first needed, and kept up from then on.
// Values; owned by the engine's state.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::engine {

// Of successes alone, the newest last.
struct Durations {
  static constexpr std::size_t kKept = 20;
  static constexpr std::size_t kEnough = 5;
  std::vector<std::int64_t> ms;

  void add(std::int64_t took_ms) {
    if (ms.size() == kKept) ms.erase(ms.begin());
    ms.push_back(took_ms);
  }
  // The time within which so many of a hundred were done; none when there are none.
  std::optional<std::int64_t> percentile(int percent) const;
  std::optional<std::int64_t> p90() const { return percentile(90); }
  std::optional<std::int64_t> p95() const { return percentile(95); }
};

}  // namespace weir::engine
