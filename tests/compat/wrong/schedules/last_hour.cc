// L belongs to the fields of days.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: in_a_cron_expression_L_and_W_belong_to_day_of_month_L_and_hash_to_day_of_week
  job.cron("0 L * * *");
}
