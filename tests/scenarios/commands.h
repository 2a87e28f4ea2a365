// The commands of scenario scripts; `help` prints them. Text in, text out.
#pragma once

#include <string>
#include <vector>

#include "tests/scenarios/world.h"

namespace weir::scenario {

// "error: …" for a command that cannot be read; the world is not changed then.
std::string perform(World& world, const std::string& command, const std::vector<std::string>& body);

}  // namespace weir::scenario
