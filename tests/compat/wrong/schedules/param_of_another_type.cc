// A parameter is given a value of another type.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: a_schedule_gives_a_parameter_a_value_of_its_type
  job.schedule(weir::cron("0 2 * * *").with(p.params<Db>("db"), 5));
}
