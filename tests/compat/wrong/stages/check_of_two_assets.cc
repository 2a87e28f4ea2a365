// A check sees the value of its own asset only.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

bool same(const Rows&, const Labels&) { return true; }

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  auto labels = p.asset("labels", load_labels);
  // error: a_check_takes_the_value_then_params_and_resources_only
  raw.check("same", same, weir::warn, labels);
}
