// An interval has a unit.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: at_every_needs_a_length_of_a_second_or_more_like_90s_15m_1h30m_or_2d
  job.cron("@every 90");
}
