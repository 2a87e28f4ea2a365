// Horizons of leases and delays of reconnection, by figures.
// Pure functions of time and of a random number that the test
// chooses.
#include "worker/core/lease.h"

#include <gtest/gtest.h>

#include "worker/core/backoff.h"

namespace weir::worker {
namespace {

using namespace std::chrono_literals;

TEST(Lease, SideEffectsEndAtFourFifths) {
  const auto horizons = lease_horizons(base::BootTime(100s), 30s);
  EXPECT_EQ(horizons.side_effects, base::BootTime(124s));
  EXPECT_EQ(horizons.others, base::BootTime(700s));
}

TEST(Lease, AnAnswerAfterAFullLeaseProvesNothing) {
  const base::BootTime asked(100s);
  EXPECT_FALSE(lease_may_have_ended(asked, 30s, base::BootTime(130s - 1us)));
  EXPECT_TRUE(lease_may_have_ended(asked, 30s, base::BootTime(130s)));
}

TEST(Backoff, DelaysGrowAreJitteredAndBounded) {
  Backoff backoff;
  EXPECT_EQ(backoff.next(0), 0us);
  EXPECT_LE(backoff.next(0xffffffff), 100ms);
  for (int i = 0; i < 20; ++i) (void)backoff.next(0);
  EXPECT_LE(backoff.next(0xffffffff), kBackoffMax);
  EXPECT_GT(backoff.next(0xffffffff), kBackoffMax - 1ms);
  backoff.reset();
  EXPECT_LE(backoff.next(0xffffffff), kBackoffFirst);
}

}  // namespace
}  // namespace weir::worker
