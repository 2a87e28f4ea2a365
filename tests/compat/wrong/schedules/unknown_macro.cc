// A macro is misspelt.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: this_cron_macro_is_none_of_hourly_daily_midnight_weekly_monthly_yearly_every
  job.cron("@dayly");
}
