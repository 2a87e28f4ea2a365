// Schedules as text, for tests: crons parted by ';' and options as words. Zones are read from the
// system's tables.
// One thread; errors are the test's own and end the process.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/commands.h"
#include "module/manifest.h"
#include "module/schedule_spec.h"

namespace weir::test {

// "0 2 * * *; 30 4 * * sat" with job=j zone=Europe/Berlin jitter=5m catch_up=none|all|last:3
// window=48h overlap=skip start=… end=… off=2022-12-25:holidays (several) params={…} paused
module::ScheduleSpec parse_schedule(const std::string& name, const std::string& crons,
                                    const std::multimap<std::string, std::string>& options);

// "max_age" with fail=26h warn=25h, or "by 0 9 * * *" with bound=1h margin=30m zone=…; both take
// required=2h expected=10m observe.
module::FreshnessSpec parse_freshness(const std::string& asset, const std::string& text,
                                      const std::multimap<std::string, std::string>& options);

//   alert NAME = ABOUT [on=run_slow limit=2h|p95 times=3 to=CHANNEL webhook=URL secret=REF]
module::AlertSpec parse_alert(const std::string& name, const std::string& about,
                              const std::multimap<std::string, std::string>& options);

// Of those that are named the ones that there are.
engine::Zones zones_of(const std::vector<std::string>& names);
// All that a module names.
std::vector<std::string> zone_names_of(const module::Manifest& manifest);

}  // namespace weir::test
