// Parameters have no state for a rule to look at.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto params = p.params<Row>("row");
  // error: a_trigger_rule_wraps_assets_and_weir_after_only
  p.asset(
      "n", [](const Row&) { return 1; }, weir::all_done(params));
}
