// Schedules as text, for tests: crons parted by ';' and options as words. Zones are read from the
// system's tables.
// One thread; errors are the test's own and end the process.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/commands.h"
#include "module/schedule_spec.h"

namespace weir::test {

// "0 2 * * *; 30 4 * * sat" with job=j zone=Europe/Berlin jitter=5m catch_up=none|all|last:3
// window=48h overlap=skip start=… end=… off=2022-12-25:holidays (several) params={…} paused
module::ScheduleSpec parse_schedule(const std::string& name, const std::string& crons,
                                    const std::multimap<std::string, std::string>& options);

// Those that the schedules name and that there are.
engine::Zones zones_of(const std::vector<module::ScheduleSpec>& schedules);

}  // namespace weir::test
