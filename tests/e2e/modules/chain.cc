// CHAIN_TASKS assets, each made from the one before: what a hop costs, commit and lease included.
// The stage does nothing but count, so that the time is the scheduler's.
// One process.
#include <string>

#include <weir/weir.h>

namespace {

int first() { return 1; }
int next(const int& before) { return before + 1; }

}  // namespace

int main(int argc, char** argv) {
  weir::Pipeline p("chain");
  auto link = p.asset("link_1", first);
  for (int i = 2; i <= CHAIN_TASKS; ++i) {
    link = p.asset(weir::name("link_" + std::to_string(i)), next, link);
  }
  p.job("all", weir::select("*"));
  return weir::main(p, argc, argv);
}
