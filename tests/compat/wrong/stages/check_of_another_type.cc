// A check for another value than the asset's.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

bool not_empty(const Dataset& data) { return !data.rows.empty(); }

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: parameter_has_another_type_than_its_dependency
  raw.check("not_empty", not_empty, weir::blocking);
}
