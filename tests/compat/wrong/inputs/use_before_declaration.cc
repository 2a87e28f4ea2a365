// A dependency that is declared later.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int same(const int& x) { return x; }

int main() {
  weir::Pipeline p("x");
  // error: 'b' was not declared in this scope | use of undeclared identifier 'b'
  auto a = p.asset("a", same, b);
  auto b = p.asset("b", [] { return 1; });
}
