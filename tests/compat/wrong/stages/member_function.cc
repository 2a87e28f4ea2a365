// A member function without its object.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Trainer {
  int train(weir::Context&, const Rows&) { return 0; }
};

int main() {
  weir::Pipeline p("x");
  auto raw = p.asset("raw_rows", extract);
  // error: a_member_function_needs_its_object_wrap_the_call_in_a_lambda
  p.asset("model", &Trainer::train, raw);
}
