// A day has 24 hours, the last is 23.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: the_hour_field_of_this_cron_expression_takes_0_to_23
  job.cron("0 25 * * *");
}
