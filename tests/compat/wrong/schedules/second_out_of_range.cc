// Six fields begin with the second.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: the_second_field_of_this_cron_expression_takes_0_to_59
  job.cron("60 0 2 * * *");
}
