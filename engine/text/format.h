// Commands and effects as short text for people: scenario scripts, debug logs and simulator traces
// all read the same. Rows in full are record_text's; nothing parses this text back. Pure functions,
// safe from any thread.
#pragma once

#include <string>

#include "engine/commands.h"
#include "engine/effects.h"

namespace weir::engine {

// "finish 0c3…/2#1 succeeded": one line.
std::string to_text(const Command& command);

// One line an effect, each with a leading two spaces: what became of tasks and runs, messages,
// answers. Times are left out, so that equal behaviour is equal text.
std::string to_text(const Effects& effects);

std::string to_text(const AttemptKey& key);

}  // namespace weir::engine
