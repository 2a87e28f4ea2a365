// self.previous() of a stage with several assets.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

std::tuple<int, int> two(const weir::Input<int>&) { return {}; }

int main() {
  weir::Pipeline p("x");
  // error: self_previous_needs_a_stage_with_one_asset
  p.assets({"a", "b"}, two, weir::self.previous());
}
