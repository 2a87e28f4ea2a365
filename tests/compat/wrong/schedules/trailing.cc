// Something stands behind a range.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: this_cron_expression_goes_on_behind_what_is_complete
  job.cron("0 2-4-6 * * *");
}
