// How a simulation is shown: a row for each thing that happens, a line of characters for each job
// and asset, and what it all comes to. Functions of messages, but for the local time zone, which
// --tz sets before any command runs.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "weir/v1/simulation_service.pb.h"

namespace weir::cli {

// What happens, or with a comparison what differs. The messages must outlive the listing.
Listing simulation_listing(const v1::SimulateResponse& answer);
Listing difference_listing(const v1::SimulateResponse& answer);

// A line for each schedule, job without one, and asset with a policy; `width` columns at most, 0
// for those of a plain terminal.
std::string timeline_text(const v1::SimulateResponse& answer, std::size_t width);

// "7 ticks, 7 runs, 1 failed; latest end …; worst: …"
std::string summary_text(const v1::SimulationSummary& summary);

}  // namespace weir::cli
