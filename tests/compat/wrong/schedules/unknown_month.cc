// A month is misspelt.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: the_month_field_of_this_cron_expression_takes_1_to_12_or_jan_to_dec
  job.cron("0 2 1 jna *");
}
