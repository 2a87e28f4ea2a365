// Scenario files: blocks of a command, "----" and what it printed, apart by an empty line.
//
//   # What follows is told to the reader.
//   register shop
//   a
//   b <- a
//   ----
//   module shop active
//
// Text in, text out; used by the runner only.
#pragma once

#include <string>
#include <vector>

namespace weir::scenario {

struct Block {
  int line = 0;                   // of the command, from 1
  std::string preamble;           // comments and empty lines before it, kept as they are
  std::string command;            // its first line
  std::vector<std::string> body;  // further lines up to "----"
  std::string expected;           // lines up to the next empty one
};

struct Script {
  std::vector<Block> blocks;
  std::string tail;  // comments after the last block
};

// Ends the process when a block has no "----".
Script parse_script(const std::string& text);
std::string to_text(const Script& script);

}  // namespace weir::scenario
