// Parameters that JSON cannot hold.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Params {
  std::function<void()> callback;
};

int main() {
  weir::Pipeline p("x");
  // error: a_field_has_no_codec
  p.params<Params>("train");
}
