// No month has a sixth Friday.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: behind_a_hash_in_a_cron_expression_stands_1_to_5
  job.cron("0 2 * * fri#6");
}
