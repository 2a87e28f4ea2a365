// Time zones by name, each read from the system's tables once: what definitions of schedules are
// judged and shown with. Bounded by how many zones there are. Blocks on files at a miss, so for
// read threads only; safe from any of them at once.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "calendar/zone.h"
#include "engine/commands.h"

namespace weir::rpc {

class ZoneCache {
 public:
  using Zone = std::shared_ptr<const calendar::Zone>;

  // INVALID_ARGUMENT (WEIR-E0214) for a name that is none; see zones::load_zone().
  base::Result<Zone> get(const std::string& name);

 private:
  std::mutex mutex_;
  engine::Zones zones_;  // guarded by mutex_
};

}  // namespace weir::rpc
