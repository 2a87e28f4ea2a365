// When a call counts as stalled: after a time without progress, however long it has lasted. Time is
// a value; each test tells one story. Nothing is called here: the
// watchdog does that.
#include "worker/core/stall_table.h"

#include <gtest/gtest.h>

namespace weir::worker {
namespace {

using namespace std::chrono_literals;

TEST(StallTable, ACallThatMovesMayTakeHours) {
  StallTable table(5min);
  base::BootTime now(1000s);
  const auto id = table.begin(now);
  for (int i = 0; i < 100; ++i) {
    now += 4min;
    EXPECT_TRUE(table.take_stalled(now).empty());
    table.moved(id, now);
  }
  EXPECT_EQ(table.next_at(), now + 5min);
  EXPECT_TRUE(table.take_stalled(now + 5min - 1us).empty());
  EXPECT_EQ(table.take_stalled(now + 5min), std::vector{id});
}

TEST(StallTable, AStalledCallIsToldOnceAndOthersGoOn) {
  StallTable table(5min);
  const base::BootTime now(1000s);
  const auto silent = table.begin(now);
  const auto busy = table.begin(now);
  table.moved(busy, now + 4min);
  EXPECT_EQ(table.take_stalled(now + 6min), std::vector{silent});
  EXPECT_TRUE(table.take_stalled(now + 7min).empty());
  EXPECT_EQ(table.next_at(), now + 9min);
  table.end(silent);
  table.end(busy);
  EXPECT_EQ(table.next_at(), std::nullopt);
}

}  // namespace
}  // namespace weir::worker
