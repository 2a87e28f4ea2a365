// Scenario files: stories of blocks, each a command and what it printed, with comments for the
// reader in between. Text in, text out; used by the runner only, on one thread. Knows the blocks
// and not what a command means.
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

// A block is a command, "----" and what it printed; an empty line parts it from the next:
//
//   # What follows is told to the reader.
//   register shop
//   a
//   b <- a
//   ----
//   module shop active
//
// Ends the process when a block has no "----".
Script parse_script(const std::string& text);
std::string to_text(const Script& script);

}  // namespace weir::scenario
