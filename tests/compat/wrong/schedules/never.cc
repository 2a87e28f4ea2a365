// February has no 30th.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: this_cron_expression_can_never_fire_its_months_have_no_such_day
  job.cron("0 0 30 2 *");
}
