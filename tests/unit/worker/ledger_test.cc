// What the messages of scheduler and supervisor mean for an attempt in
// each of its states. Pure; each test walks one path through the
// table.
#include "worker/core/ledger.h"

#include <gtest/gtest.h>

namespace weir::worker {
namespace {

using Verdict = Ledger::Verdict;
const AttemptKey kKey{{1}, 2, 3};

TEST(Ledger, DuplicateAssignmentIsIgnored) {
  Ledger ledger;
  EXPECT_TRUE(ledger.assign(kKey));
  EXPECT_FALSE(ledger.assign(kKey));
  EXPECT_TRUE(ledger.assign({{1}, 2, 4})) << "another epoch is another attempt";
}

TEST(Ledger, ReportIsKeptUntilAcknowledged) {
  Ledger ledger;
  ledger.assign(kKey);
  EXPECT_TRUE(ledger.launched(kKey));
  EXPECT_TRUE(ledger.uploading(kKey));
  EXPECT_FALSE(ledger.uploading(kKey)) << "one end per attempt";
  EXPECT_TRUE(ledger.reported(kKey));
  EXPECT_EQ(ledger.unacknowledged(), std::vector{kKey});
  EXPECT_EQ(ledger.held(), std::vector{kKey});
  EXPECT_EQ(ledger.live(), 0u);
  EXPECT_EQ(ledger.acknowledged(kKey), Verdict::kIgnore);
  EXPECT_EQ(ledger.size(), 0u);
}

TEST(Ledger, StopIsAnsweredInEveryState) {
  Ledger ledger;
  EXPECT_EQ(ledger.stop(kKey), Verdict::kReport) << "unknown";
  ledger.assign(kKey);
  EXPECT_EQ(ledger.stop(kKey), Verdict::kReport);
  ledger.launched(kKey);
  EXPECT_EQ(ledger.stop(kKey), Verdict::kForward);
  ledger.uploading(kKey);
  EXPECT_EQ(ledger.stop(kKey), Verdict::kReport) << "its uploads may never end";
  ledger.reported(kKey);
  EXPECT_EQ(ledger.stop(kKey), Verdict::kIgnore) << "the report is the answer";
}

TEST(Ledger, RevokeReleasesWhatIsPreparing) {
  Ledger ledger;
  EXPECT_EQ(ledger.revoke(kKey), Verdict::kIgnore);
  ledger.assign(kKey);
  EXPECT_EQ(ledger.revoke(kKey), Verdict::kRelease);
  EXPECT_TRUE(ledger.released(kKey));
  EXPECT_FALSE(ledger.launched(kKey)) << "its inputs arrived too late";
  ledger.assign(kKey);
  ledger.launched(kKey);
  EXPECT_EQ(ledger.revoke(kKey), Verdict::kForward);
}

TEST(Ledger, FencedAttemptThatStillRunsIsKilled) {
  Ledger ledger;
  ledger.assign(kKey);
  ledger.launched(kKey);
  EXPECT_EQ(ledger.live(), 1u);
  EXPECT_EQ(ledger.acknowledged(kKey), Verdict::kForward);
  EXPECT_FALSE(ledger.uploading(kKey)) << "nobody wants its result";
}

TEST(Ledger, MissingArtifactsSendTheReportBackToUploading) {
  Ledger ledger;
  EXPECT_FALSE(ledger.need_artifacts(kKey));
  ledger.assign(kKey);
  ledger.launched(kKey);
  ledger.uploading(kKey);
  ledger.reported(kKey);
  EXPECT_TRUE(ledger.need_artifacts(kKey));
  EXPECT_TRUE(ledger.unacknowledged().empty());
  EXPECT_FALSE(ledger.need_artifacts(kKey)) << "asked twice, uploaded once";
  EXPECT_TRUE(ledger.reported(kKey));
}

}  // namespace
}  // namespace weir::worker
