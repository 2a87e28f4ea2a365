// The program `weir`: scheduler, worker and command line in one.
// Nothing happens here but the hand-over to the command line; whatever a test should reach
// stands in app.h.
#include <string>
#include <vector>

#include "cli/app.h"

int main(int argc, char** argv) {
  return weir::cli::run_command_line(std::vector<std::string>(argv + 1, argv + argc));
}
