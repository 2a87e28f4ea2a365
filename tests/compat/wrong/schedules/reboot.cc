// The scheduler knows no boot.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: at_reboot_is_no_time_write_when_or_at_every_1h
  job.cron("@reboot");
}
