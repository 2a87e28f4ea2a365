// The planted bugs by name: each must be caught by the simulation, or the simulation is worth
// nothing.
#pragma once

#include <string>
#include <vector>

#include "scheduler/engine/planted.h"

namespace weir::simulation {

struct NamedBug {
  std::string name;
  engine::PlantedBug bug;
};
const std::vector<NamedBug>& planted_bugs();

// False when no bug has that name.
bool plant(const std::string& name);

}  // namespace weir::simulation
