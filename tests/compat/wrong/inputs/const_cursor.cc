// A cursor is there to be advanced.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

Rows poll(const weir::Cursor<long>&) { return {}; }

int main() {
  weir::Pipeline p("x");
  // error: take_a_cursor_as_weir_Cursor_ref_not_const
  p.asset("rows", poll, weir::cursor<long>());
}
