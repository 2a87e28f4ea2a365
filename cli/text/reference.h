// References to runs, tasks and attempts as people give them: RUN[/TASK[#ATTEMPT]], where RUN is an
// id, a unique prefix, @last or @last-failed, or the pasted address of a page of the UI.
// Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace weir::cli {

struct Reference {
  std::string run;
  std::string task;  // empty: the run
  int attempt = 0;   // 0: the latest

  friend bool operator==(const Reference&, const Reference&) = default;
};

// The first slash splits run and task (names of tasks hold slashes); the last '#' splits off the
// attempt. INVALID_ARGUMENT when there is no run or the attempt is no positive number.
base::Result<Reference> parse_reference(std::string_view text);

// The words for a reference to an attempt that its task, which had `attempts`, never had. `run` is
// the full id.
std::string no_such_attempt(const std::string& run, const Reference& reference, int attempts);

// What a pasted address of the UI means as a reference ("http://host:7600/runs/R/logs/T/2#L120" is
// "R/T#2",
// ".../assets/a/b" is "a/b"); any other text as it is.
std::string unpaste(std::string_view text);

}  // namespace weir::cli
