// An enum whose range only the compiler knows.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

enum Color { kRed, kGreen };
Color make() { return kRed; }

int main() {
  weir::Pipeline p("x");
  // error: give_the_enum_an_underlying_type_or_write_enum_class
  p.asset("color", make);
}
