// Reading and writing scenario files: see script.h. Comments and commands are written back as they
// were read, so that rewriting a script shows as a change of behaviour and of nothing else. Pure
// functions, one thread; a block without an end aborts with its line.
#include "tests/scenarios/script.h"

#include <sstream>

#include "base/check.h"

namespace weir::scenario {
namespace {

bool is_preamble(const std::string& line) { return line.empty() || line.front() == '#'; }

}  // namespace

Script parse_script(const std::string& text) {
  Script script;
  std::istringstream in(text);
  std::string line;
  int number = 0;
  std::string preamble;
  while (std::getline(in, line)) {
    ++number;
    if (is_preamble(line)) {
      preamble += line + "\n";
      continue;
    }
    Block block{.line = number, .preamble = preamble, .command = line, .body = {}, .expected = {}};
    preamble.clear();
    bool divided = false;
    while (!divided && std::getline(in, line)) {
      ++number;
      divided = line == "----";
      if (!divided) block.body.push_back(line);
    }
    CHECK_MSG(divided, "line " + std::to_string(block.line) + " has no '----' after it");
    while (std::getline(in, line) && !line.empty()) {
      ++number;
      block.expected += line + "\n";
    }
    ++number;
    script.blocks.push_back(std::move(block));
  }
  script.tail = preamble;
  return script;
}

std::string to_text(const Script& script) {
  std::string text;
  for (const Block& block : script.blocks) {
    text += block.preamble + block.command + "\n";
    for (const auto& line : block.body) text += line + "\n";
    text += "----\n" + block.expected + "\n";
  }
  text += script.tail;
  while (text.size() > 1 && text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace weir::scenario
