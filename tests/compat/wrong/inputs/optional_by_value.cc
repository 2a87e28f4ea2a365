// An optional input may be absent.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto labels = p.asset("labels", load_labels);
  // error: this_input_may_be_absent_take_const_weir_Input_ref
  p.asset(
      "report", [](const Labels&) { return 1; }, weir::optional(labels));
}
