// self.previous() gives what the stage makes.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int fold(const Rows&, const weir::Input<double>& before) { return before ? 1 : 0; }

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: parameter_has_another_type_than_its_dependency
  p.asset("total", fold, raw, weir::self.previous());
}
