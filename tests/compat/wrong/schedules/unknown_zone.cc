// A zone is misspelt.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: no_time_zone_has_this_name_write_an_IANA_name_like_Europe_slash_Berlin
  job.cron("0 2 * * *", "Europe/Berln");
}
