// Several assets from a stage that makes one value.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  // error: several_assets_need_a_stage_that_returns_a_std_tuple
  p.assets({"a", "b"}, load_labels);
}
