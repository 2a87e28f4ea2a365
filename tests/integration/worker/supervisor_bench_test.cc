// How many attempts that do nothing pass through the pool and real executors. A floor, far
// below what is usual, so that a slip by an order of magnitude fails; the figure is printed. Not
// a benchmark to quote: the machine may be busy and the build unoptimised.
#include <chrono>
#include <cstdio>

#include "tests/integration/worker/supervisor_fixture.h"

namespace weir::worker {
namespace {

using SupervisorBench = SupervisorFixture;
constexpr int kAttempts = 5'000;
constexpr double kFloorPerSecond = 1'000;  // sanitizers and a busy machine included

TEST_F(SupervisorBench, AttemptsThatDoNothingAreCheap) {
  configure(2);
  const auto module = define("good");
  run(module, "ok");
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kAttempts; ++i) {
    launch(module, "ok");
    if (i % 256 == 0) receive_once(0);
  }
  ASSERT_TRUE(pump(std::chrono::seconds(60), [&] { return int(ended_.size()) == kAttempts + 1; }));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("[ figures  ] %.0f attempts/s through the pool, 2 slots\n", kAttempts / took.count());
  EXPECT_GT(kAttempts / took.count(), kFloorPerSecond);
}

}  // namespace
}  // namespace weir::worker
