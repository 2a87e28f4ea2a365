// What the messages of scheduler and supervisor mean for an attempt in
// each of its states. Pure; each test walks one path through the
// table.
#include "worker/core/ledger.h"

#include <memory>

#include <gtest/gtest.h>

namespace weir::worker {
namespace {

using Table = Ledger<int>;
const AttemptKey kKey{{1}, 2, 3};

TEST(Ledger, DuplicateAssignmentIsIgnored) {
  Table ledger;
  EXPECT_TRUE(ledger.assign(kKey));
  EXPECT_FALSE(ledger.assign(kKey));
  EXPECT_TRUE(ledger.assign({{1}, 2, 4})) << "another epoch is another attempt";
}

// A second copy of an assignment that was given back would begin what another worker has by now.
TEST(Ledger, WhatIsOverIsKnownWhenItIsAssignedOnceMore) {
  Table ledger;
  EXPECT_FALSE(ledger.settled(kKey));
  ledger.assign(kKey);
  EXPECT_FALSE(ledger.settled(kKey));
  EXPECT_TRUE(ledger.released(kKey));
  EXPECT_TRUE(ledger.settled(kKey));
  const AttemptKey reported{{1}, 2, 4};
  ledger.assign(reported);
  ledger.launched(reported);
  ledger.uploading(reported);
  ledger.reported(reported);
  ledger.acknowledged(reported);
  EXPECT_TRUE(ledger.settled(reported));
  ledger.forget_settled();
  EXPECT_FALSE(ledger.settled(kKey));
}

TEST(Ledger, OnlyTheLastThatAreOverAreKnown) {
  Table ledger;
  for (std::int32_t epoch = 1; epoch <= std::int32_t(kSettledMax) + 1; ++epoch) {
    ledger.assign({{1}, 0, epoch});
    ledger.released({{1}, 0, epoch});
  }
  EXPECT_FALSE(ledger.settled({{1}, 0, 1}));
  EXPECT_TRUE(ledger.settled({{1}, 0, 2}));
}

TEST(Ledger, ReportIsKeptUntilAcknowledged) {
  Table ledger;
  ledger.assign(kKey);
  EXPECT_TRUE(ledger.launched(kKey));
  EXPECT_TRUE(ledger.uploading(kKey));
  EXPECT_FALSE(ledger.uploading(kKey)) << "one end per attempt";
  EXPECT_TRUE(ledger.reported(kKey));
  EXPECT_EQ(ledger.in(AttemptState::kReported), std::vector{kKey});
  EXPECT_EQ(ledger.held(), std::vector{kKey});
  EXPECT_EQ(ledger.live(), 0u);
  EXPECT_EQ(ledger.acknowledged(kKey), OrderResponse::kIgnore);
  EXPECT_EQ(ledger.size(), 0u);
}

TEST(Ledger, StopIsAnsweredInEveryState) {
  Table ledger;
  EXPECT_EQ(ledger.stop(kKey), OrderResponse::kReport) << "unknown";
  ledger.assign(kKey);
  EXPECT_EQ(ledger.stop(kKey), OrderResponse::kReport);
  ledger.launched(kKey);
  EXPECT_EQ(ledger.stop(kKey), OrderResponse::kForward);
  ledger.uploading(kKey);
  EXPECT_EQ(ledger.stop(kKey), OrderResponse::kReport) << "its uploads may never end";
  ledger.reported(kKey);
  EXPECT_EQ(ledger.stop(kKey), OrderResponse::kIgnore) << "the report is the answer";
}

TEST(Ledger, RevokeReleasesWhatIsPreparing) {
  Table ledger;
  EXPECT_EQ(ledger.revoke(kKey), OrderResponse::kIgnore);
  ledger.assign(kKey);
  EXPECT_EQ(ledger.revoke(kKey), OrderResponse::kRelease);
  EXPECT_TRUE(ledger.released(kKey));
  EXPECT_FALSE(ledger.launched(kKey)) << "its inputs arrived too late";
  ledger.assign(kKey);
  ledger.launched(kKey);
  EXPECT_EQ(ledger.revoke(kKey), OrderResponse::kForward);
}

TEST(Ledger, FencedAttemptThatStillRunsIsKilled) {
  Table ledger;
  ledger.assign(kKey);
  ledger.launched(kKey);
  EXPECT_EQ(ledger.live(), 1u);
  EXPECT_EQ(ledger.acknowledged(kKey), OrderResponse::kForward);
  EXPECT_TRUE(ledger.held().empty());
  EXPECT_TRUE(ledger.find(kKey, AttemptState::kFenced)) << "the executor pool still uses it";
  EXPECT_FALSE(ledger.uploading(kKey)) << "nobody wants its result";
  EXPECT_FALSE(ledger.state(kKey));
}

TEST(Ledger, WhatCameWhileTheWorkerLeavesIsHeldAndNotBegun) {
  Table ledger;
  ledger.assign(kKey, AttemptState::kKeptBack);
  EXPECT_EQ(ledger.held(), std::vector{kKey});
  EXPECT_EQ(ledger.live(), 0u);
  EXPECT_FALSE(ledger.launched(kKey));
  EXPECT_EQ(ledger.stop(kKey), OrderResponse::kReport);
  EXPECT_EQ(ledger.revoke(kKey), OrderResponse::kRelease);
  EXPECT_TRUE(ledger.released(kKey));
}

TEST(Ledger, TheWorkOfAnAttemptGoesWithIt) {
  Ledger<std::shared_ptr<int>> ledger;
  *ledger.assign(kKey) = std::make_shared<int>(1);
  const std::weak_ptr<int> work = *ledger.launched(kKey);
  ledger.uploading(kKey);
  EXPECT_FALSE(work.expired());
  ledger.acknowledged(kKey);
  EXPECT_TRUE(work.expired());
}

TEST(Ledger, MissingArtifactsSendTheReportBackToUploading) {
  Table ledger;
  EXPECT_FALSE(ledger.need_artifacts(kKey));
  ledger.assign(kKey);
  ledger.launched(kKey);
  ledger.uploading(kKey);
  ledger.reported(kKey);
  EXPECT_TRUE(ledger.need_artifacts(kKey));
  EXPECT_TRUE(ledger.in(AttemptState::kReported).empty());
  EXPECT_FALSE(ledger.need_artifacts(kKey)) << "asked twice, uploaded once";
  EXPECT_TRUE(ledger.reported(kKey));
}

}  // namespace
}  // namespace weir::worker
