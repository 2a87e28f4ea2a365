// The context cannot be copied.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int load(weir::Context, const Rows&) { return 0; }

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: take_the_context_by_reference
  p.asset("model", load, raw);
}
