// What weir::max_age() and weir::fresh_by() and their options write into the records that the
// manifest is made of. The sample pipeline of tests/compat has one of each.
// Records are values: nothing runs.
#include <gtest/gtest.h>

#include "tests/compat/samples/tickets.h"
#include "weir/weir.h"

namespace {

using namespace std::chrono_literals;
using weir::impl::FreshnessRecord;

std::vector<FreshnessRecord> sample_policies() {
  weir::Pipeline pipeline("tickets");
  tickets::define(pipeline);
  return pipeline.record().freshness;
}

TEST(Freshness, AnAgeReachesItsRecordWithTheAsset) {
  const auto policies = sample_policies();
  ASSERT_EQ(policies.size(), 3u);
  const FreshnessRecord& age = policies[0];
  EXPECT_EQ(age.asset, "train_set");
  EXPECT_FALSE(age.by_deadlines);
  EXPECT_EQ(age.fail, 26h);
  EXPECT_EQ(age.warn, 25h);
  EXPECT_EQ(age.required_after, 2h);
  EXPECT_EQ(age.expected, 20min);
  EXPECT_FALSE(age.observe_only);
}

TEST(Freshness, DeadlinesReachTheirRecord) {
  const auto policies = sample_policies();
  ASSERT_EQ(policies.size(), 3u);
  const FreshnessRecord& by = policies[1];
  EXPECT_EQ(by.asset, "test_set");
  EXPECT_TRUE(by.by_deadlines);
  EXPECT_EQ(by.cron, "0 9 * * mon-fri");
  EXPECT_EQ(by.zone, "Europe/Berlin");
  EXPECT_EQ(by.lower_bound, 2h);
  EXPECT_EQ(by.warn_margin, 30min);
  EXPECT_FALSE(by.required_after);
  EXPECT_TRUE(by.observe_only);
  EXPECT_EQ(policies[2].asset, "model");
  EXPECT_EQ(policies[2].cron, "@daily");
  EXPECT_EQ(policies[2].zone, "UTC");
  EXPECT_EQ(policies[2].lower_bound, 1h);
}

TEST(Freshness, OptionsGiveACopy) {
  const weir::MaxAge plain = weir::max_age(2h);
  const weir::MaxAge observed = plain.warn_after(1h).observe_only();
  EXPECT_FALSE(plain.record().warn);
  EXPECT_FALSE(plain.record().observe_only);
  EXPECT_TRUE(observed.record().observe_only);
  EXPECT_EQ(observed.record().warn, 1h);
}

}  // namespace
