// A weekday is misspelt, in the second expression.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: the_day_of_week_field_of_this_cron_expression_takes_0_to_7_or_sun_to_sat
  job.schedule(weir::cron("0 2 * * mon-fri").also("0 9 * * sta"));
}
