// A resource's maker with other parameters.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int main() {
  weir::Pipeline p("x");
  // error: a_resource_is_made_by_a_function_of_const_weir_Start_ref
  p.resource("db", [](int port) { return Db{port}; });
}
