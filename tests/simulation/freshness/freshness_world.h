// The freshness policies of a seed: what pipelines declare, and the source outside that one of
// their stages reads. Ages are as short as they may be, so that a story of minutes sees them pass.
// Draws from generators of its own: seeds without policies play as if there were none.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/commands.h"
#include "module/manifest.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/rng.h"

namespace weir::simulation {

inline constexpr const char* kFeed = "feed";        // an asset that no pipeline makes
inline constexpr const char* kReadsFeed = "p0_s1";  // the stage that reads it

// Whether the seed has policies at all, and all else of it that is about them.
void draw_freshness(Rng rng, Profile& profile);

// The policies that the variant declares.
void declare_policies(std::uint64_t seed, int variant, const Profile& profile,
                      std::vector<module::Manifest>& pipelines);

engine::Zones zones_of_policies(const module::Manifest& manifest);

}  // namespace weir::simulation
