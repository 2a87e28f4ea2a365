// A literal that is not a name.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  // error: a_name_is_made_of_lower_case_letters_digits_underscore_and_slash
  p.asset("Raw Rows", extract);
}
