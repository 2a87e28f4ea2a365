// The end of a process whose invariant is broken: one line with the place, then
// abort(). Safe from any thread; it allocates nothing, because the heap may be
// what is broken. It must not return.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace weir::base {

void check_failed(const char* file, int line, const char* expression, std::string_view message) {
  std::fprintf(stderr, "CHECK failed: %s at %s:%d%s%.*s\n", expression, file, line,
               message.empty() ? "" : ": ", static_cast<int>(message.size()), message.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace weir::base
