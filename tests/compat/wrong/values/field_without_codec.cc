// A field that is no value; its name is in the message.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Job {
  int id = 0;
  std::function<void()> callback;
};
Job make() { return {}; }

int main() {
  weir::Pipeline p("x");
  // error: a_field_has_no_codec
  p.asset("job", make);
}
