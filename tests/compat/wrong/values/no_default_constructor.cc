// A value that cannot be made before it is read.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Fixed {
  explicit Fixed(int n) : number(n) {}
  int number;
};
Fixed make() { return Fixed(1); }

int main() {
  weir::Pipeline p("x");
  // error: a_value_needs_a_default_constructor
  p.asset("fixed", make);
}
