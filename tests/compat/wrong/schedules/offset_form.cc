// An offset of more than a day.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: an_offset_from_UTC_is_less_than_a_day
  job.schedule(weir::cron("0 2 * * *").end("2026-12-01T09:00+31:00"));
}
