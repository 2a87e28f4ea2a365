// A job has runs: what is about an asset is given to the asset.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  auto numbers = p.asset("numbers", [] { return 1; });
  // error: JobAlert
  p.job("daily", weir::upstream_of(numbers)).alert(weir::on_stale().to("team"));
}
