// Rows to API messages and requests to values: every enum value has a counterpart, ids
// and times survive, and what must not pass is refused. Pure functions, so nothing is set
// up.
#include <set>

#include <gmock/gmock.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/limits.h"
#include "weir/v1/asset_service.pb.h"
#include "weir/v1/event_service.pb.h"
#include "weir/v1/module_service.pb.h"
#include "weir/v1/run_service.pb.h"
#include "weir/v1/system_service.pb.h"

namespace weir::rpc {
namespace {

TEST(ConvertRun, EveryStateHasANumberOfItsOwnThatComesBack) {
  std::set<int> seen;
  for (int i = 0; i <= static_cast<int>(engine::RunState::kCanceled); ++i) {
    ports::RunWithCounts row;
    row.run.state = static_cast<engine::RunState>(i);
    v1::Run run;
    to_proto(row, &run);
    EXPECT_NE(run.state(), v1::RUN_STATE_UNSPECIFIED) << i;
    EXPECT_TRUE(seen.insert(run.state()).second) << i;
    const auto back = run_state_from_proto(run.state());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, row.run.state);
  }
}

TEST(ConvertTask, EveryStateHasANumberOfItsOwnThatComesBack) {
  std::set<int> seen;
  for (int i = 0; i <= static_cast<int>(engine::TaskState::kCached); ++i) {
    engine::TaskRow row;
    row.state = static_cast<engine::TaskState>(i);
    v1::Task task;
    to_proto(row, &task);
    EXPECT_TRUE(seen.insert(task.state()).second) << i;
    const auto back = task_state_from_proto(task.state());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, row.state);
  }
}

TEST(ConvertEvent, EveryKindHasANumberOfItsOwn) {
  std::set<int> seen;
  for (int i = 0; i <= static_cast<int>(engine::EventKind::kAlertChanged); ++i) {
    engine::EventRow row;
    row.kind = static_cast<engine::EventKind>(i);
    v1::Event event;
    to_proto(row, &event);
    EXPECT_NE(event.kind(), v1::EVENT_KIND_UNSPECIFIED) << i;
    EXPECT_TRUE(seen.insert(event.kind()).second) << i;
  }
}

TEST(ConvertAttempt, EveryOutcomeHasANumberOfItsOwn) {
  std::set<int> seen;
  for (int i = 0; i <= static_cast<int>(engine::OutcomeClass::kReleased); ++i) {
    engine::AttemptRow row;
    row.outcome = static_cast<engine::OutcomeClass>(i);
    v1::Attempt attempt;
    to_proto(row, "t", &attempt);
    EXPECT_TRUE(seen.insert(attempt.outcome()).second) << i;
  }
}

TEST(ConvertRun, EveryOriginAndWhatItWaitsForHasANumberOfItsOwn) {
  std::set<int> seen;
  for (std::size_t i = 0; i < base::kWords<engine::OriginKind>.size(); ++i) {
    ports::RunWithCounts row;
    row.run.origin.kind = static_cast<engine::OriginKind>(i);
    v1::Run run;
    to_proto(row, &run);
    EXPECT_TRUE(seen.insert(run.origin().kind()).second) << i;
    EXPECT_EQ(origin_kind_from_proto(run.origin().kind()).value(), row.run.origin.kind);
  }
  EXPECT_FALSE(origin_kind_from_proto(0).value().has_value());
  EXPECT_EQ(origin_kind_from_proto(99).status().code(), base::Code::kInvalidArgument);
  seen.clear();
  for (std::size_t i = 0; i < base::kWords<engine::QueueReason>.size(); ++i) {
    ports::RunWithCounts row;
    row.run.queued_for = static_cast<engine::QueueReason>(i);
    v1::Run run;
    to_proto(row, &run);
    EXPECT_TRUE(seen.insert(run.queued_for()).second) << i;
  }
}

TEST(ConvertRun, CarriesIdsCountsAndOnlyTheTimesThatHappened) {
  ports::RunWithCounts row;
  row.run.id = engine::RunId::make(engine::WallTime(std::chrono::hours(24 * 20'000)), 7);
  row.run.task_count = 3;
  row.run.created_at = engine::WallTime(std::chrono::microseconds(1'500'000));
  row.counts.assign(11, 0);
  row.counts[static_cast<std::size_t>(engine::TaskState::kSucceeded)] = 2;
  row.counts[static_cast<std::size_t>(engine::TaskState::kCached)] = 1;
  v1::Run run;
  to_proto(row, &run);
  EXPECT_EQ(engine::RunId::parse(run.id()), row.run.id);
  EXPECT_EQ(run.counts().succeeded(), 2);
  EXPECT_EQ(run.counts().cached(), 1);
  EXPECT_EQ(run.counts().failed(), 0);
  EXPECT_EQ(run.created_at().seconds(), 1);
  EXPECT_EQ(run.created_at().nanos(), 500'000'000);
  EXPECT_FALSE(run.has_started_at());
  EXPECT_FALSE(run.has_finished_at());
  EXPECT_EQ(run.origin().kind(), v1::ORIGIN_KIND_MANUAL);
  EXPECT_EQ(run.queued_for(), v1::QUEUE_REASON_UNSPECIFIED);
}

TEST(ConvertVersion, NamesThePartitionAndThoseOfWhatItWasMadeFrom) {
  engine::MaterializationRow row;
  row.of = {"orders", "2026-11-27"};
  row.inputs = {{{"raw", "2026-11-26"}, 3, {}}, {{"shops", ""}, 4, {}}};
  v1::Materialization version;
  to_proto(row, "orders", &version);
  EXPECT_EQ(version.asset(), "orders");
  EXPECT_EQ(version.partition(), "2026-11-27");
  ASSERT_EQ(version.inputs_size(), 2);
  EXPECT_EQ(version.inputs(0).asset(), "raw");
  EXPECT_EQ(version.inputs(0).partition(), "2026-11-26");
  EXPECT_EQ(version.inputs(1).partition(), "");
}

TEST(ConvertTask, TasksChecksEventsAndExplanationsNameThePartition) {
  engine::TaskRow task;
  engine::CheckRow check;
  engine::EventRow event;
  engine::ExplainItem item;
  task.partition = check.partition = event.partition = item.partition = "2026-11-27";
  v1::Task task_out;
  to_proto(task, &task_out);
  EXPECT_EQ(task_out.partition(), "2026-11-27");
  v1::CheckResult check_out;
  to_proto(check, &check_out);
  EXPECT_EQ(check_out.partition(), "2026-11-27");
  v1::Event event_out;
  to_proto(event, &event_out);
  EXPECT_EQ(event_out.partition(), "2026-11-27");
  v1::ExplainItem item_out;
  to_proto(item, &item_out);
  EXPECT_EQ(item_out.partition(), "2026-11-27");
}

TEST(ConvertTime, RoundTripsBeforeAndAfterTheEpoch) {
  for (const std::int64_t micros : {0LL, 1LL, -1LL, 1'679'792'400'123'456LL, -86'400'000'001LL}) {
    const engine::WallTime time{std::chrono::microseconds(micros)};
    google::protobuf::Timestamp stamp;
    to_proto(time, &stamp);
    EXPECT_GE(stamp.nanos(), 0) << micros;
    EXPECT_EQ(from_proto(stamp), time) << micros;
  }
}

TEST(ConvertTime, ImpossibleTimestampsDoNotOverflow) {
  google::protobuf::Timestamp stamp;
  stamp.set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_GT(from_proto(stamp), engine::WallTime{});
}

TEST(ConvertStates, UnknownNumbersAreRefused) {
  EXPECT_EQ(run_state_from_proto(99).status().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(task_state_from_proto(99).status().code(), base::Code::kInvalidArgument);
  EXPECT_FALSE(log_stream_from_proto(0).ok());
  ASSERT_TRUE(run_state_from_proto(0).ok());
  EXPECT_FALSE(run_state_from_proto(0).value().has_value());
}

TEST(ConvertModuleFile, PathsThatLeaveTheBundleAreRefused) {
  for (const char* path :
       {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a/./b", ".."}) {
    EXPECT_FALSE(safe_relative_path(path)) << path;
  }
  EXPECT_FALSE(safe_relative_path(std::string_view("a\0b", 3)));
  EXPECT_TRUE(safe_relative_path("lib/x.so.1"));
  EXPECT_TRUE(safe_relative_path("..a/b..c"));
  v1::ModuleFile file;
  file.set_path("program");
  file.set_digest("not a digest");
  EXPECT_EQ(from_proto(file).status().error(), base::kErrBadManifest);
}

TEST(PageRequest, DefaultsClampsAndRefuses) {
  EXPECT_EQ(page_request(0, "", 50, 1000).value().size, 50);
  EXPECT_EQ(page_request(7, "t", 50, 1000).value().size, 7);
  EXPECT_EQ(page_request(7, "t", 50, 1000).value().after, "t");
  EXPECT_EQ(page_request(1'000'000, "", 50, 1000).value().size, 1000);
  const base::Status negative = page_request(-1, "", 50, 1000).status();
  EXPECT_EQ(negative.error(), base::kErrLimit);
  EXPECT_EQ(negative.message(),
            "page_size is -1; it must be 0 (for 50) or more; a page never has over 1000 rows");
}

TEST(RequestHash, IgnoresTheKeyAndNothingElse) {
  v1::CreateRunRequest request;
  request.set_idempotency_key("a");
  request.set_job("etl/daily");
  (*request.mutable_params())["x"] = "{}";
  (*request.mutable_params())["y"] = "{}";
  const engine::Digest hash = request_hash(request);
  request.set_idempotency_key("b");
  EXPECT_EQ(request_hash(request), hash);
  request.set_priority(1);
  EXPECT_NE(request_hash(request), hash);
}

TEST(RequestHash, DoesNotDependOnTheOrderOfAMap) {
  v1::CreateRunRequest one;
  v1::CreateRunRequest other;
  for (int i = 0; i < 100; ++i) (*one.mutable_params())[std::to_string(i)] = "{}";
  for (int i = 99; i >= 0; --i) (*other.mutable_params())[std::to_string(i)] = "{}";
  EXPECT_EQ(request_hash(one), request_hash(other));
}

TEST(RequestHash, DiffersBetweenRequestsOfOneForm) {
  v1::GetRunRequest run;
  run.set_run("x");
  v1::GetAssetRequest asset;
  asset.set_asset("x");
  EXPECT_NE(request_hash(run), request_hash(asset));
}

TEST(AnswersOfTheEngine, EveryFieldOfAChangeIsCarried) {
  engine::ModuleChange change;
  change.pipeline = "p";
  change.module = base::sha256("m");
  change.replaces = base::sha256("r");
  change.added = {"a"};
  change.removed = {"b"};
  change.changed = {"c: type"};
  change.breaking = {"d"};
  change.unchanged = true;
  v1::ModuleChange out;
  to_proto(change, &out);
  EXPECT_EQ(out.pipeline(), "p");
  EXPECT_EQ(out.module(), base::sha256("m").hex());
  EXPECT_EQ(out.replaces(), base::sha256("r").hex());
  EXPECT_THAT(out.added(), testing::ElementsAre("a"));
  EXPECT_THAT(out.removed(), testing::ElementsAre("b"));
  EXPECT_THAT(out.changed(), testing::ElementsAre("c: type"));
  EXPECT_THAT(out.breaking(), testing::ElementsAre("d"));
  EXPECT_TRUE(out.unchanged());
}

TEST(AnswersOfTheEngine, AnExplanationIsDataAndWords) {
  engine::ExplainItem item;
  item.kind = engine::ExplainKind::kRetries;
  item.subject = "R/task";
  item.numbers = {{"left", 1500}, {"used", 1}, {"max", 3}, {"lost", 0}};
  item.references = {"w1"};
  v1::ExplainItem out;
  to_proto(item, &out);
  EXPECT_EQ(out.kind(), "retries");
  EXPECT_EQ(out.subject(), "R/task");
  EXPECT_EQ(out.numbers().at("left"), 1500);
  EXPECT_THAT(out.references(), testing::ElementsAre("w1"));
  EXPECT_EQ(out.words(),
            "task tries again in 1.5 s (1 of 3 attempts used, 0 lost to the infrastructure)");
}

}  // namespace
}  // namespace weir::rpc
