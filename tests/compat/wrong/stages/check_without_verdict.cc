// A check that does not say whether it passed.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

std::string look(const Rows&) { return {}; }

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: a_check_returns_bool_or_weir_Verdict
  raw.check("look", look, weir::warn);
}
