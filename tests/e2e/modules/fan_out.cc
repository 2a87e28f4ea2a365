// FAN_OUT_TASKS separately declared assets without dependencies, each of which waits FAN_OUT_MS
// milliseconds and returns a number: the run that is killed in the middle, and the one that is
// measured. With FAN_OUT_MS 0 they are tasks without assets.
// One process; how many it runs at once is the worker's business.
#include <chrono>
#include <string>
#include <thread>

#include <weir/weir.h>

namespace {

[[maybe_unused]] int part(weir::Context& ctx) {
  // tidy:allow(sleep): stands for work that waits, so that a kill finds tasks in every state
  std::this_thread::sleep_for(std::chrono::milliseconds(FAN_OUT_MS));
  ctx.meta("attempt", ctx.attempt());
  return static_cast<int>(ctx.epoch());
}

[[maybe_unused]] void nothing() {}

std::string numbered(int index) {
  const std::string digits = std::to_string(index);
  return "part_" + std::string(6 - digits.size(), '0') + digits;
}

}  // namespace

int main(int argc, char** argv) {
  weir::Pipeline p("fan_out");
  for (int i = 0; i < FAN_OUT_TASKS; ++i) {
    if constexpr (FAN_OUT_MS > 0) {
      p.asset(weir::name(numbered(i)), part).retry({.max_attempts = 3});
    } else {
      p.task(weir::name(numbered(i)), nothing);
    }
  }
  p.job("all", weir::select("*"));
  return weir::main(p, argc, argv);
}
