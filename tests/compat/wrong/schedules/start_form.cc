// A start in another form.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: a_time_is_written_like_2026_12_01_or_2026_12_01T09_00_with_dashes_and_colons
  job.schedule(weir::cron("0 2 * * *").start("2026-12-01 09:00"));
}
