// No clock shows 25 hours.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: no_clock_shows_this_time
  job.schedule(weir::cron("0 2 * * *").end("2026-12-01T25:00"));
}
