// A resource lives once in an executor.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

int query(Db db) { return db.port; }

int main() {
  weir::Pipeline p("x");
  auto db = p.resource("db", [](const weir::Start&) { return Db{}; });
  // error: take_a_resource_by_reference
  p.asset("n", query, db);
}
