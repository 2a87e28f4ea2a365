// The stage takes two inputs and is given one.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: a_dependency_is_missing
  p.asset("training_dataset", build, raw);
}
