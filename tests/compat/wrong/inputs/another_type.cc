// Two dependencies are given in the wrong order.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  auto labels = p.asset("labels", load_labels);
  // error: parameter_has_another_type_than_its_dependency
  p.asset("training_dataset", build, labels, raw);
}
