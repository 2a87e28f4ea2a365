// A deadline is written as a schedule is.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  using namespace std::chrono_literals;
  weir::Pipeline p("x");
  auto numbers = p.asset("numbers", [] { return 1; });
  // error: the_hour_field_of_this_cron_expression_takes_0_to_23
  numbers.freshness(weir::fresh_by("0 25 * * *").lower_bound(1h));
}
