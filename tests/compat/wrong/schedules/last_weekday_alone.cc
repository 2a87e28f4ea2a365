// L alone says no day of the week.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: in_a_cron_expression_L_alone_is_no_day_of_week_write_6_or_6L
  job.cron("0 2 * * L");
}
