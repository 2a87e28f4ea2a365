// How commands show what the API says of freshness: the state, the age, what comes next.
// Functions of messages, but for the local time zone, which --tz sets before any command runs.
// Main thread.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "weir/v1/freshness_service.pb.h"

namespace weir::cli {

// "pass", "fail, paused".
Cell freshness_state(const v1::Freshness& one);

// "3 h 20 m", "-" when it was never made.
std::string age_text(const v1::Freshness& one);

// "warn at 2026-11-28 10:00:00 CET", "-" when nothing is to change by itself.
std::string change_text(const v1::Freshness& one);

// All of it, a line each.
std::string freshness_description(const Painter& paint, const v1::Freshness& one);

}  // namespace weir::cli
