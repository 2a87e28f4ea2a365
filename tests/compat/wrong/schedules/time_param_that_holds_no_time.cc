// A number is to take the time that a run is for.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Limits {
  int rows = 5;
};

int main() {
  weir::Pipeline p("x");
  auto limits = p.params<Limits>("limits");
  auto job = p.job("nightly", weir::select("*"));
  // error: a_member_that_takes_the_time_is_a_sys_time_a_day_or_a_string
  job.schedule(weir::cron("0 2 * * *").with(limits, &Limits::rows, weir::scheduled_time));
}
