// November has 30 days.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto job = p.job("nightly", weir::select("*"));
  // error: the_calendar_has_no_such_day
  const weir::Calendar holidays{"holidays", {"2026-11-31"}};
}
