// A plain struct with a base class.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Labeled : Row {
  int label = 0;
};
Labeled make() { return {}; }

int main() {
  weir::Pipeline p("x");
  // error: a_base_class_cannot_be_reflected_add_WEIR_FIELDS_or_hold_it_as_a_member
  p.asset("labeled", make);
}
