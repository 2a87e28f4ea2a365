// A field is missing.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: a_cron_expression_has_five_fields_minute_hour_day_month_weekday_or_six_from_second
  job.cron("0 2 * *");
}
