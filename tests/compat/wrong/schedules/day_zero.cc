// Days of a month begin with 1.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: the_day_of_month_field_of_this_cron_expression_takes_1_to_31
  job.cron("0 2 0 * *", "Europe/Berlin");
}
