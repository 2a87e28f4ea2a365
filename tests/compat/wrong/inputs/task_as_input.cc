// A task has no value.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

void note(const Rows&) {}

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  auto done = p.task("note", note, raw);
  // error: a_task_has_no_value_write_weir_after
  p.asset(
      "n", [](const Rows&) { return 1; }, done);
}
