// Instants as people read them in every log and message: by UTC. What read_time() takes back.
// Pure, safe from any thread.
// No zone is asked, and nothing is rounded.
#pragma once

#include <string>

#include "base/ids.h"

namespace weir::calendar {

// "2026-11-28T02:00:00Z", with a fraction where there is one.
std::string utc_text(base::WallTime at);

}  // namespace weir::calendar
