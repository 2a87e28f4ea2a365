// See zone_cache.h. The lock is not held while a zone is read: two who miss the same one at once
// both read it, and the first to come back is kept.
// Read threads only.
#include "scheduler/rpc/zone_cache.h"

#include "scheduler/zones/zones.h"

namespace weir::rpc {

base::Result<ZoneCache::Zone> ZoneCache::get(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = zones_.find(name); found != zones_.end()) return found->second;
  }
  auto loaded = zones::load_zone(name);
  if (!loaded.ok()) return loaded.status();
  auto zone = std::make_shared<const calendar::Zone>(std::move(loaded).value());
  const std::lock_guard lock(mutex_);
  return zones_.emplace(name, std::move(zone)).first->second;
}

}  // namespace weir::rpc
