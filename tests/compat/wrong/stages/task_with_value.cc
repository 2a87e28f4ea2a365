// A task keeps no value.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  // error: a_task_returns_nothing_for_a_value_write_p_asset
  p.task("load", load_labels);
}
