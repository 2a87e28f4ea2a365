// A text made at run time is marked as one.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: a_cron_expression_made_at_run_time_is_given_as_weir_cron_text
  job.cron(std::to_string(5) + " 2 * * *");
}
