// Which of the calls that are under way have moved nothing for too long. A call may take
// as long as it needs: what counts is progress. Pure: time is a parameter. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.h"

namespace weir::worker {

class StallTable {
 public:
  using Id = std::uint64_t;  // never given twice

  explicit StallTable(base::Duration stall_max) : stall_max_(stall_max) {}
  Id begin(base::BootTime now);
  void moved(Id id, base::BootTime now);
  void end(Id id) { calls_.erase(id); }
  // Those that moved nothing for stall_max; they are told once and stay until end().
  std::vector<Id> take_stalled(base::BootTime now);
  // When the next may be stalled, if nothing moves.
  std::optional<base::BootTime> next_at() const;

 private:
  struct Call {
    base::BootTime moved{};
    bool told = false;
  };
  base::Duration stall_max_;
  Id last_ = 0;
  std::map<Id, Call> calls_;  // as many as there are threads that call
};

}  // namespace weir::worker
