// The stage makes something else than the key promises.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

inline constexpr weir::AssetKey<Labels> kLabels{"crm/labels"};

int main() {
  weir::Pipeline p("x");
  // error: the_stage_does_not_make_what_the_key_promises
  p.asset(kLabels, extract);
}
