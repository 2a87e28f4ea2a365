// Running `MODULE describe` and telling apart all the ways in which it can go wrong, each with its
// own advice. The child has a time limit and limits on its output.
// Blocking; any thread.
#pragma once

#include <chrono>
#include <string>

#include "base/status.h"
#include "module/elf.h"
#include "module/manifest.h"

namespace weir::client {

struct Description {
  module::Manifest manifest;
  std::string text;  // as printed
};

base::Result<Description> describe(const std::string& program, const module::ElfInfo& elf,
                                   std::chrono::milliseconds time);

}  // namespace weir::client
