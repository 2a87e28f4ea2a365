// How the tasks of a run are joined: where the inputs of each come from and which others hear of
// its end. Follows from the run's plan alone, so all live runs of one plan share it. Values only,
// written once by plan.cc; which parents have ended is not known here.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/states.h"

namespace weir::engine {

// Where an argument of the stage comes from.
struct InputSource {
  std::int32_t parent = -1;  // task of the same run
  std::int32_t output = -1;  // index of the parent's output
  std::int32_t pin = -1;     // index into RunRow::pins
};

struct Edge {
  std::int32_t child = 0;
  std::int32_t rule = 0;  // of the child: which one counts it
};

struct Links {
  Digest plan;
  std::vector<Edge> children;
  std::vector<InputSource> inputs;
  std::vector<std::int32_t> first_child, first_input;  // by task, and the end
};

}  // namespace weir::engine
