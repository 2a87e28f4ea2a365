// Weir shares values itself.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

std::shared_ptr<Dataset> share() { return nullptr; }

int main() {
  weir::Pipeline p("x");
  // error: return_the_value_itself_weir_shares_it_without_a_copy
  p.asset("share", share);
}
