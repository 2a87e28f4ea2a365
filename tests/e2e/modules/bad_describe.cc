// A program that is no module: asked to describe itself it crashes, hangs or prints rubbish, as
// BAD_DESCRIBE says. It links nothing of Weir.
// Registration must refuse it with a reason, within its time limit.
#include <csignal>
#include <cstdio>
#include <string_view>
#include <unistd.h>

int main() {
  constexpr std::string_view kHow = BAD_DESCRIBE;
  if (kHow == "crash") std::raise(SIGSEGV);
  while (kHow == "hang") pause();
  std::puts("{\"this\": is no manifest");
  return 0;
}
