// A freshness policy as the engine holds it, and what is known of how long assets take. Values;
// owned by the engine's state. What has been measured is read from the tables when it is first
// needed, and kept up from then on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "calendar/occurrences.h"
#include "engine/rows/freshness_rows.h"

namespace weir::engine {

struct FreshnessPolicy {
  FreshnessRow row;
  std::unique_ptr<const calendar::Occurrences> deadlines;  // of kBy; null: the zone is not known
  bool made = true;                    // some registered pipeline makes the asset
  base::RunId refresh;                 // a run that was asked for to make it anew; 0: none
  std::optional<base::WallTime> wake;  // when it is looked at again
  std::string waits;                   // why nothing is started now, for explain
};

// Of the successful attempts that made an asset, the newest last.
struct Durations {
  static constexpr std::size_t kKept = 20;
  static constexpr std::size_t kEnough = 5;
  std::vector<std::int64_t> ms;

  void add(std::int64_t took_ms) {
    if (ms.size() == kKept) ms.erase(ms.begin());
    ms.push_back(took_ms);
  }
  // The time within which nine of ten were done; none when there are none.
  std::optional<std::int64_t> p90() const;
};

}  // namespace weir::engine
