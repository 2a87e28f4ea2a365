// More names than the tuple has members.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

std::tuple<Rows, Labels> both() { return {}; }

int main() {
  weir::Pipeline p("x");
  // error: give_as_many_names_as_the_tuple_has_members
  auto [a, b] = p.assets({"a", "b", "c"}, both);
}
