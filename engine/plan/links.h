// How the tasks of a run are joined: where the inputs of each come from and which others hear of
// its end. Follows from the run's plan alone, so all live runs of one plan share it. Values only,
// written once by plan.cc; which parents have ended is not known here.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/plan/trigger_rule.h"
#include "engine/states.h"

namespace weir::engine {

// Where an argument of the stage comes from.
struct InputSource {
  std::int32_t parent = -1;  // task of the same run
  std::int32_t output = -1;  // index of the parent's output
  std::int32_t pin = -1;     // index into RunRow::pins
};

// Lists that stand one after the other, by the index of whom they belong to.
struct Lists {
  std::vector<std::int32_t> first;  // and the end
  std::vector<std::int32_t> items;
  std::span<const std::int32_t> of(std::size_t owner) const {
    const auto begin = std::size_t(first[owner]), end = std::size_t(first[owner + 1]);
    return std::span(items).subspan(begin, end - begin);
  }
};

// Tasks that wait for the same parents under the same rule share one set of parents, so N tasks
// that wait for M cost N + M and not N * M; tasks whose stages take the same share their inputs
// too.
struct Links {
  Digest plan;
  std::vector<InputSource> inputs;
  std::vector<std::int32_t> first_input;  // by task, for as many as its stage has dependencies
  std::vector<ParentCounts> parent_sets;  // before any parent has ended
  std::vector<std::int32_t> sets_of_tasks;
  std::vector<std::int32_t> first_set;  // by task, for as many as its stage has rules
  Lists counted_in;  // by task: the sets that it is a parent in, for each dependency on it
  Lists children;    // by set: the tasks whose parents it is
};

}  // namespace weir::engine
