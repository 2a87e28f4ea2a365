// A pointer cannot be stored.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

Dataset* leak(weir::Context&) { return nullptr; }

int main() {
  weir::Pipeline p("x");
  // error: a_pointer_cannot_be_stored_return_the_value_or_an_optional
  p.asset("leak", leak);
}
