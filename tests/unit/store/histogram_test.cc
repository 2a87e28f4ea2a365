// Histogram: percentiles within an eighth of the truth, exact at both ends, and no count lost to
// concurrent recorders. The one test with threads joins them before it looks; the rest is
// arithmetic on known values.
#include "base/histogram.h"

#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace weir::base {
namespace {

TEST(Histogram, EmptyHasNoQuantiles) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_EQ(histogram.max(), 0);
}

TEST(Histogram, QuantilesAreWithinAnEighth) {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.record(i);
  for (const double q : {0.01, 0.5, 0.9, 0.99}) {
    const double truth = q * 100'000;
    EXPECT_GE(histogram.quantile(q), truth);
    EXPECT_LE(histogram.quantile(q), truth * 1.125 + 1);
  }
  EXPECT_EQ(histogram.quantile(1.0), 100'000);
  EXPECT_EQ(histogram.max(), 100'000);
}

TEST(Histogram, SmallAndNegativeValuesAreExact) {
  Histogram histogram;
  histogram.record(-5);
  histogram.record(0);
  histogram.record(3);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_EQ(histogram.quantile(1.0), 3);
}

TEST(Histogram, LargestValueHasABucket) {
  Histogram histogram;
  histogram.record(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(histogram.quantile(0.5), std::numeric_limits<std::int64_t>::max());
}

TEST(Histogram, ConcurrentRecordsAreAllCounted) {
  Histogram histogram;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 10'000; ++i) histogram.record(i);
      });
    }
  }
  EXPECT_EQ(histogram.count(), 40'000u);
  EXPECT_EQ(histogram.max(), 9'999);
}

}  // namespace
}  // namespace weir::base
