// The schedules of a seed: what pipelines declare, what people make of them, and when the story
// begins, which is often just before a zone's clock changes. Zones are read once a process. Values
// and functions of their arguments; the same seed and variant always declare the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/commands.h"
#include "module/manifest.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/rng.h"

namespace weir::simulation {

// Whether the seed has schedules at all, and all else of it that is about them.
void draw_schedules(Rng rng, Profile& profile);

// Jobs for schedules, and the schedules that the variant declares.
void declare_schedules(std::uint64_t seed, int variant, const Profile& profile,
                       std::vector<module::Manifest>& pipelines);

// Any definition that is not refused, without name and job.
module::ScheduleSpec make_schedule(Rng& rng, const Profile& profile);

std::string time_text(base::WallTime at);  // "2023-03-26T01:00:00Z", as definitions have it

// By how much a clock is set: from a second to a year, both ways.
base::Duration far_step(Rng& rng);

engine::Zones zones_of(const std::vector<module::ScheduleSpec>& schedules);

}  // namespace weir::simulation
