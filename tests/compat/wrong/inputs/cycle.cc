// An asset that depends on itself.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int same(const int& x) { return x; }

int main() {
  weir::Pipeline p("x");
  // error: use of 'a' before deduction of 'auto' | variable 'a' declared with deduced type
  auto a = p.asset("a", same, a);
}
