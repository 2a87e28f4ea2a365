// What a freshness policy says of itself for people: in words, and what becomes of its state next.
// By the same code as the engine, from its row. Pure values: now and the zone are given.
// Safe from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/status.h"
#include "calendar/occurrences.h"
#include "calendar/zone.h"
#include "engine/rows/freshness_rows.h"

namespace weir::rpc {

// "at most 26 h old, warns from 25 h"; "by 09:00 on weekdays, Europe/Berlin time, made not more
// than 1 h before, warns 30 min before". What cannot be read is quoted.
std::string description_of(const module::FreshnessSpec& spec);

struct FreshnessChange {
  engine::FreshnessState to = engine::FreshnessState::kUnknown;
  base::WallTime at{};
};

class FreshnessStanding {
 public:
  // `zone`: of a policy with deadlines, else not looked at. INVALID_ARGUMENT for an expression that
  // cannot be read.
  static base::Result<FreshnessStanding> of(const engine::FreshnessRow& row,
                                            std::shared_ptr<const calendar::Zone> zone);

  // The first instant at which the state is another than the row's, if nothing happens to the asset
  // until then; `last`: when it was last made or verified. None: it stays, as far as is looked
  // ahead.
  std::optional<FreshnessChange> next_change(std::optional<base::WallTime> last,
                                             base::WallTime now) const;
  // By when it must be made anew.
  std::optional<base::WallTime> deadline(std::optional<base::WallTime> last,
                                         base::WallTime now) const;

 private:
  FreshnessStanding(const engine::FreshnessRow& row,
                    std::shared_ptr<const calendar::Occurrences> deadlines);

  engine::FreshnessRow row_;
  std::shared_ptr<const calendar::Occurrences> deadlines_;  // null of an age
};

}  // namespace weir::rpc
