// A stage that returns nothing makes no asset.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

void note(const Rows&) {}

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: a_stage_that_returns_nothing_is_a_task_write_p_task
  p.asset("note", note, raw);
}
