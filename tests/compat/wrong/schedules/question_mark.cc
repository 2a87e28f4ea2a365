// A question mark stands for any day only.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: a_question_mark_belongs_to_day_of_month_or_day_of_week_of_a_cron_expression
  job.cron("? 2 * * *");
}
