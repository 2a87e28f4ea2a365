// A file is an asset of its own.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Trained {
  double loss = 0;
  weir::File weights;
};
Trained make() { return {}; }

int main() {
  weir::Pipeline p("x");
  // error: a_file_or_tree_is_an_asset_of_its_own_it_cannot_be_inside_another_value
  p.asset("trained", make);
}
