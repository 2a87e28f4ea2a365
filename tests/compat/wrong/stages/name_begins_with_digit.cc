// A part of a name begins with a letter.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  // error: each_part_of_a_name_begins_with_a_lower_case_letter
  p.asset("raw/2026", extract);
}
