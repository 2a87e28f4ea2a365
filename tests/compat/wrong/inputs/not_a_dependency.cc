// A value instead of a handle.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  Rows raw;
  // error: not_a_dependency_give_an_asset_param_resource_cursor_or_after
  p.asset(
      "n", [](const Rows& r) { return r.size(); }, raw);
}
