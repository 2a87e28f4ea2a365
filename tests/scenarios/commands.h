// The commands of scenario scripts: what people and workers do (`run`, `connect`, `finish`), and
// looks at the tables (`show`, `events`); verbs() in commands.cc lists them all. Text in, text out,
// on one thread; only through the World, never into the engine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/scenarios/world.h"

namespace weir::scenario {

// "error: …" for a command that cannot be read; the world is not changed then.
std::string perform(World& world, const std::string& command, const std::vector<std::string>& body);

// Of alerts (alert_commands.cc); nothing when it is not one of them.
std::optional<std::string> perform_alerts(World& world, const std::string& command);

}  // namespace weir::scenario
