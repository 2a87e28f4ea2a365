// A C array in a plain struct.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Pose {
  int id = 0;
  double matrix[16] = {};
};
Pose pose() { return {}; }

int main() {
  weir::Pipeline p("x");
  // error: a_C_array_cannot_be_reflected_use_std_array_or_add_WEIR_FIELDS
  p.asset("pose", pose);
}
