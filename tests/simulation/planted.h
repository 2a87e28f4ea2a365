// The planted bugs by name: each must be caught by the simulation, or the simulation is worth
// nothing. One at a time, chosen on the command line before the first seed; the CMakeLists.txt
// beside it has a test for every name.
#pragma once

#include <string>
#include <vector>

namespace weir::simulation {

// None in a program that is built without them.
std::vector<std::string> planted_bugs();

// False when no bug has that name.
bool plant(const std::string& name);

}  // namespace weir::simulation
