// A pipeline that claims an asset of another one: CLAIMED_ASSET. Registering it beside the owner
// must be refused and name the owner.
// Also used to show that nothing of it is left behind.
#include <weir/weir.h>

namespace {
int mine() { return 1; }
}  // namespace

int main(int argc, char** argv) {
  weir::Pipeline p("claims");
  p.asset(CLAIMED_ASSET, mine);
  return weir::main(p, argc, argv);
}
