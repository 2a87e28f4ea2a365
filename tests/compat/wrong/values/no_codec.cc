// A class that reflection cannot see.
// Must not compile; see tests/compat/common.h.
// One error, on the marked line.
#include "tests/compat/common.h"

struct Handle {
  Handle() {}
  int fd = 0;
};
Handle open_it() { return {}; }

int main() {
  weir::Pipeline p("x");
  // error: no_codec_make_it_a_plain_struct_or_add_WEIR_FIELDS_or_specialise_weir_Codec
  p.asset("handle", open_it);
}
