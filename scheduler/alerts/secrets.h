// Secrets by reference: a file of the scheduler's machine, or a variable WEIR_SECRET_… that the
// scheduler was started with. A file is read at each use, so that it can be changed; errors name
// the reference and never what it holds. Safe from any thread once it is made.
#pragma once

#include <map>
#include <string>

#include "base/status.h"

namespace weir::alerts {

class Secrets {
 public:
  // Takes what the environment has now: a worker in this process takes it away later.
  static Secrets of_environment();

  // "file:/path" or "env:WEIR_SECRET_NAME". Line ends at the end of a file are not part of it.
  base::Result<std::string> read(const std::string& reference) const;
  base::Result<std::string> read_file(const std::string& path) const;

 private:
  std::map<std::string, std::string, std::less<>> variables_;
};

}  // namespace weir::alerts
