// Time zones from the system's tables (tzdata), as data for whoever evaluates times: the engine
// reads none itself. Any thread; blocks on files, so for the loop at a restore only.
// The tables are read once a process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "calendar/zone.h"

namespace weir::zones {

// The zone of an IANA name, with every change from 1900 to 2099. INVALID_ARGUMENT (WEIR-E0214)
// names the nearest zone when there is none of that name; FAILED_PRECONDITION when the system has
// no tables.
base::Result<calendar::Zone> load_zone(const std::string& name);

// The same, read once a process: bounded by how many zones there are.
base::Result<std::shared_ptr<const calendar::Zone>> shared_zone(const std::string& name);

// Every name that load_zone() takes, in order; empty when the system has no tables.
std::vector<std::string> zone_names();

}  // namespace weir::zones
