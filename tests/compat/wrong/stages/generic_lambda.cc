// A lambda whose parameter types cannot be read.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: a_stage_is_a_function_or_a_lambda_with_explicit_parameter_types
  p.asset(
      "model", [](const auto& rows) { return static_cast<int>(rows.size()); }, raw);
}
