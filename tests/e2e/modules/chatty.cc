// A stage that prints numbered lines for some seconds, and now and then a structured one: what is
// followed over a restart of the scheduler.
// CHATTY_LINES lines, CHATTY_MS milliseconds apart.
#include <chrono>
#include <cstdio>
#include <thread>

#include <weir/weir.h>

namespace {

constexpr int kLinesPerNote = 100;

int talks(weir::Context& ctx) {
  for (int i = 0; i < CHATTY_LINES; ++i) {
    std::printf("line %05d\n", i);
    std::fflush(stdout);
    if (i % kLinesPerNote == 0) ctx.info("a hundred", {{"line", i}});
    // tidy:allow(sleep): stands for work that goes on while the scheduler is away
    std::this_thread::sleep_for(std::chrono::milliseconds(CHATTY_MS));
  }
  return CHATTY_LINES;
}

// Bytes that are no text, quotes, and a line without an end.
int mumbles() {
  std::printf("\xff\xfe \"quoted\"\nno end");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  weir::Pipeline p("chatty");
  p.asset("talks", talks);
  p.asset("mumbles", mumbles);
  return weir::main(p, argc, argv);
}
