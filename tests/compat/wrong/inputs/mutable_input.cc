// Inputs are shared between stages: nobody may change them.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

Rows sorted(weir::Context&, Rows& in) { return in; }

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: inputs_are_shared_take_const_T_ref_or_T_by_value_for_a_copy
  p.asset("sorted_rows", sorted, raw);
}
