// The stage takes two inputs and is given three.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  auto labels = p.asset("labels", load_labels);
  // error: more_dependencies_than_parameters_for_order_only_write_weir_after
  p.asset("training_dataset", build, raw, labels, raw);
}
