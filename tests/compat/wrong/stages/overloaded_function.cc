// The compiler cannot tell which function is meant.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int load(int) { return 0; }
int load(const Rows&) { return 0; }

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: unresolved overloaded function type | no matching member function for call to 'asset'
  p.asset("n", load, raw);
}
