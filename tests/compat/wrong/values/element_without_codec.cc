// The same, deep inside of another value.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Job {
  int id = 0;
  std::function<void()> callback;
};
struct Plan {
  std::vector<std::optional<Job>> jobs;
};
Plan make() { return {}; }

int main() {
  weir::Pipeline p("x");
  // error: a_field_has_no_codec
  p.asset("plan", make);
}
