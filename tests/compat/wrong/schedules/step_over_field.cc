// 90 minutes are no step of a field of 60.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: a_step_of_this_cron_expression_is_0_or_larger_than_its_field_see_at_every_90m
  job.cron("*/90 * * * *");
}
