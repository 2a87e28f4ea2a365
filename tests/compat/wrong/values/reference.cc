// A stage that returns a reference.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

const Rows& kept(const Rows& rows) { return rows; }

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: a_stage_returns_its_value_not_a_reference
  p.asset("kept", kept, raw);
}
