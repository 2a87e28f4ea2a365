// The clock of deadlines has an IANA name.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  using namespace std::chrono_literals;
  weir::Pipeline p("x");
  auto numbers = p.asset("numbers", [] { return 1; });
  // error: no_time_zone_has_this_name_write_an_IANA_name_like_Europe_slash_Berlin
  numbers.freshness(weir::fresh_by("0 9 * * *", "Berlin").lower_bound(1h));
}
