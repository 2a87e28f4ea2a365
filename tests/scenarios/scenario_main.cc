// weir_scenarios [--rewrite] FILE…: performs each script in a world of its own and compares what
// every command printed with what the script says; --rewrite writes what was printed instead, to be
// read before it is committed.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/scenarios/commands.h"
#include "tests/scenarios/script.h"

namespace weir::scenario {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The script as it would have to be written, and how many blocks differ.
int perform_script(const std::string& path, bool rewrite) {
  const std::string before = read_file(path);
  if (before.empty()) {
    std::fprintf(stderr, "%s: cannot be read, or is empty\n", path.c_str());
    return 1;
  }
  Script script = parse_script(before);
  World world;
  int differences = 0;
  for (Block& block : script.blocks) {
    std::string printed = perform(world, block.command, block.body);
    if (printed == block.expected) continue;
    ++differences;
    if (!rewrite) {
      std::fprintf(stderr, "%s:%d: %s\n---- expected\n%s---- printed\n%s", path.c_str(), block.line,
                   block.command.c_str(), block.expected.c_str(), printed.c_str());
    }
    block.expected = std::move(printed);
  }
  if (!rewrite) return differences;
  std::ofstream(path, std::ios::binary) << to_text(script);
  std::fprintf(stderr, "%s: %d blocks rewritten\n", path.c_str(), differences);
  return 0;
}

}  // namespace
}  // namespace weir::scenario

int main(int argc, char** argv) {
  bool rewrite = false;
  int differences = 0, scripts = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--rewrite") {
      rewrite = true;
      continue;
    }
    ++scripts;
    differences += weir::scenario::perform_script(argument, rewrite);
  }
  if (scripts == 0) {
    std::fprintf(stderr, "usage: weir_scenarios [--rewrite] FILE...\n");
    return 2;
  }
  return differences == 0 ? 0 : 1;
}
