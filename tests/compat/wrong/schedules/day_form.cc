// A day off in another form.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: a_day_is_written_like_2026_12_25_with_dashes
  job.schedule(weir::cron("0 2 * * *").except({"2026-12-24", "25.12.2026"}));
}
