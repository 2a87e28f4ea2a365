// The command line as a whole: parses, runs the chosen command, gives the exit code. Apart from
// main() so that tests can run it without a process. Main thread only; one call a process, because
// the zone and the signal handlers are the process's.
#pragma once

#include <string>
#include <vector>

namespace weir::cli {

// Arguments without the program's name. Prints; 0…5 or 130.
int run_command_line(std::vector<std::string> arguments);

}  // namespace weir::cli
