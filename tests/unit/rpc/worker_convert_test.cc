// The worker protocol's conversions: what a worker reports becomes the right
// command, and what it reports wrongly never becomes a success. Pure
// functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/json.h"
#include "scheduler/rpc/convert/worker.h"
#include "weir/worker/v1/worker.pb.h"

namespace weir::rpc {
namespace {

namespace wire = worker::v1;

const base::SessionId kSession{42};

wire::Finished success(const std::string& bytes) {
  wire::Finished finished;
  finished.mutable_attempt()->set_run(7);
  finished.mutable_attempt()->set_task(1);
  finished.mutable_attempt()->set_epoch(2);
  finished.set_outcome(wire::OUTCOME_SUCCEEDED);
  finished.set_success(wire::SUCCESS_KIND_VALUE);
  wire::Output* output = finished.add_outputs();
  output->set_asset("a");
  wire::ValueRef* value = output->mutable_value();
  value->set_digest(std::string(base::sha256(bytes).raw()));
  value->set_size(static_cast<std::int64_t>(bytes.size()));
  value->set_inline_bytes(bytes);
  value->set_is_inline(true);
  return finished;
}

engine::AttemptFinished convert(const wire::Finished& finished) {
  wire::WorkerMessage message;
  *message.mutable_finished() = finished;
  auto command = to_command(kSession, std::move(message));
  EXPECT_TRUE(command.ok()) << command.status().text();
  return std::get<engine::AttemptFinished>(std::move(command).value());
}

TEST(FinishedToCommand, CarriesAVerifiedValue) {
  wire::Finished finished = success("hello");
  finished.set_metadata("{\"rows\":1}");
  finished.set_retry_after_ms(1500);
  finished.set_has_retry_after(true);
  finished.mutable_cursor()->set_read_version(3);
  *finished.mutable_cursor()->mutable_value() = finished.outputs(0).value();
  wire::CheckResult* check = finished.add_checks();
  check->set_name("not_empty");
  check->set_severity(wire::CHECK_SEVERITY_BLOCKING);
  check->set_passed(true);
  const engine::AttemptFinished command = convert(finished);
  EXPECT_EQ(command.session, kSession);
  EXPECT_EQ(command.key.run.value, 7u);
  EXPECT_EQ(command.key.task, 1);
  EXPECT_EQ(command.key.epoch, 2);
  EXPECT_EQ(command.outcome, engine::OutcomeClass::kSucceeded);
  EXPECT_EQ(command.retry_after, std::chrono::milliseconds(1500));
  ASSERT_EQ(command.outputs.size(), 1u);
  EXPECT_EQ(*command.outputs[0].bytes, "hello");
  EXPECT_EQ(command.outputs[0].value.digest, base::sha256("hello"));
  ASSERT_TRUE(command.cursor.has_value());
  EXPECT_EQ(command.cursor->read_version, 3);
  EXPECT_TRUE(command.cursor->value.asset.empty());
  EXPECT_EQ(command.checks.at(0).severity, module::CheckSeverity::kBlocking);
}

TEST(Progress, OfWorkersIsMadeFitToBeKeptAndFailsNothing) {
  wire::Finished finished = success("hello");
  EXPECT_FALSE(convert(finished).progress.has_value());
  finished.mutable_progress()->set_fraction(7.5);
  finished.mutable_progress()->set_message(std::string(1 << 20, 'x'));
  const engine::AttemptFinished command = convert(finished);
  EXPECT_EQ(command.outcome, engine::OutcomeClass::kSucceeded);
  ASSERT_TRUE(command.progress.has_value());
  EXPECT_EQ(command.progress->millionths, engine::Progress::kWhole);
  EXPECT_EQ(command.progress->message.size(), engine::kProgressMessageBytesMax);

  wire::WorkerMessage message;
  wire::AttemptProgress* one = message.mutable_progressed()->add_attempts();
  *one->mutable_attempt() = finished.attempt();
  one->mutable_progress()->set_message("reading\n");
  auto progressed = to_command(kSession, std::move(message));
  ASSERT_TRUE(progressed.ok()) << progressed.status().text();
  const auto& news = std::get<engine::AttemptsProgressed>(*progressed);
  EXPECT_EQ(news.session, kSession);
  ASSERT_EQ(news.attempts.size(), 1u);
  EXPECT_EQ(news.attempts[0].key.epoch, 2);
  EXPECT_EQ(news.attempts[0].progress.millionths, engine::Progress::kUnknown);
  EXPECT_EQ(news.attempts[0].progress.message, "reading ");
}

TEST(FinishedToCommand, BytesThatDoNotMatchTheirDigestAreAFailure) {
  wire::Finished finished = success("hello");
  finished.mutable_outputs(0)->mutable_value()->set_inline_bytes("hellO");
  const engine::AttemptFinished command = convert(finished);
  EXPECT_EQ(command.outcome, engine::OutcomeClass::kFailed);
  EXPECT_TRUE(command.outputs.empty());
  EXPECT_THAT(command.message, testing::HasSubstr("WEIR-E0406"));
}

TEST(FinishedToCommand, AnInlineValueOverTheLimitIsAFailure) {
  const engine::AttemptFinished command =
      convert(success(std::string(engine::kInlineBytesMax + 1, 'x')));
  EXPECT_EQ(command.outcome, engine::OutcomeClass::kFailed);
  const engine::AttemptFinished at_limit =
      convert(success(std::string(engine::kInlineBytesMax, 'x')));
  EXPECT_EQ(at_limit.outcome, engine::OutcomeClass::kSucceeded);
}

TEST(FinishedToCommand, AValueWithoutADigestIsAFailure) {
  wire::Finished finished = success("hello");
  finished.mutable_outputs(0)->mutable_value()->set_digest("short");
  EXPECT_EQ(convert(finished).outcome, engine::OutcomeClass::kFailed);
  finished = success("hello");
  finished.mutable_outputs(0)->mutable_value()->set_size(-5);
  EXPECT_EQ(convert(finished).outcome, engine::OutcomeClass::kFailed);
}

TEST(FinishedToCommand, AnUnknownOutcomeIsNeverASuccess) {
  wire::Finished finished = success("hello");
  finished.set_outcome(static_cast<wire::Outcome>(77));
  EXPECT_EQ(convert(finished).outcome, engine::OutcomeClass::kFailed);
  finished.set_outcome(wire::OUTCOME_UNSPECIFIED);
  EXPECT_EQ(convert(finished).outcome, engine::OutcomeClass::kFailed);
}

// {"a": {"m0": {...}, "m1": {...}, ...}}: as many entries, each of `bytes` as they are counted.
std::string metadata(int entries, std::size_t bytes) {
  base::Json of_asset = base::Json::Object{};
  for (int i = 0; i < entries; ++i) {
    const std::string name = "m" + std::to_string(i);
    const auto entry = [](std::size_t size) {
      return base::Json().set("kind", "text").set("value", std::string(size, 'x'));
    };
    of_asset.set(name, entry(bytes - name.size() - entry(0).dump().size()));
  }
  return base::Json().set("a", std::move(of_asset)).dump();
}

TEST(FinishedToCommand, MetadataWithinTheLimitsIsKept) {
  wire::Finished finished = success("hello");
  EXPECT_EQ(convert(finished).outcome, engine::OutcomeClass::kSucceeded);  // none at all
  finished.set_metadata(metadata(4, 64 << 10));
  const engine::AttemptFinished command = convert(finished);
  EXPECT_EQ(command.outcome, engine::OutcomeClass::kSucceeded) << command.message;
  EXPECT_EQ(command.metadata, finished.metadata());
}

TEST(FinishedToCommand, MetadataOverALimitIsAFailureThatNoRetryCanHelp) {
  const auto refused = [](const wire::Finished& finished, const std::string& why) {
    const engine::AttemptFinished command = convert(finished);
    EXPECT_EQ(command.outcome, engine::OutcomeClass::kFailed) << why;
    EXPECT_TRUE(command.permanent);
    EXPECT_THAT(command.message, testing::StartsWith("WEIR-E0003: "));
    EXPECT_THAT(command.message, testing::HasSubstr(why));
    EXPECT_EQ(command.metadata, "{}");
    EXPECT_TRUE(command.outputs.empty());
    for (const engine::CheckResult& check : command.checks) EXPECT_EQ(check.metadata, "{}");
  };
  wire::Finished entry = success("hello");
  entry.set_metadata(metadata(1, (64 << 10) + 1));
  refused(entry, "metadata 'm0' has 65537 bytes; an entry has at most 65536");

  wire::Finished total = success("hello");
  total.set_metadata(metadata(5, 60 << 10));
  refused(total, "more than 262144");

  wire::Finished with_check = success("hello");
  with_check.set_metadata(metadata(4, 64 << 10));
  wire::CheckResult* check = with_check.add_checks();
  check->set_name("rows");
  check->set_passed(true);
  check->set_metadata("{\"n\":{\"kind\":\"int\",\"value\":1}}");
  refused(with_check, "metadata 'n'");

  wire::Finished padded = success("hello");
  padded.set_metadata("{" + std::string(1 << 20, ' ') + "}");
  refused(padded, "1048578 bytes");

  wire::Finished rubbish = success("hello");
  rubbish.set_metadata("[1]");
  refused(rubbish, "no JSON object");
  rubbish.set_metadata("{");
  refused(rubbish, "no JSON object");
}

TEST(FinishedToCommand, AFailureWithTooMuchMetadataKeepsItsClassAndLosesTheMetadata) {
  wire::Finished finished = success("hello");
  finished.set_outcome(wire::OUTCOME_CRASHED);
  finished.set_message("signal 11");
  finished.set_metadata(metadata(5, 60 << 10));
  const engine::AttemptFinished command = convert(finished);
  EXPECT_EQ(command.outcome, engine::OutcomeClass::kCrashed);
  EXPECT_FALSE(command.permanent);
  EXPECT_THAT(command.message, testing::StartsWith("signal 11"));
  EXPECT_THAT(command.message, testing::HasSubstr("more than 262144"));
  EXPECT_EQ(command.metadata, "{}");
}

TEST(MessageToCommand, EmptyAndSecondHelloAreRefused) {
  EXPECT_FALSE(to_command(kSession, wire::WorkerMessage()).ok());
  wire::WorkerMessage hello;
  hello.mutable_hello()->set_worker_id("w");
  EXPECT_FALSE(to_command(kSession, std::move(hello)).ok());
}

TEST(WorkerInfo, RefusesImpossibleNumbersAndKeepsTheRestAsData) {
  wire::Hello hello;
  EXPECT_FALSE(worker_info(hello).ok());
  hello.set_worker_id("w1");
  hello.set_slots(0);
  EXPECT_FALSE(worker_info(hello).ok());
  hello.set_slots(4);
  (*hello.mutable_labels())["zone"] = "a";
  (*hello.mutable_labels())["disk"] = "ssd";
  (*hello.mutable_resources())["gpu"] = 2;
  hello.mutable_platform()->set_glibc("2.36");
  const auto info = worker_info(hello);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->name, "w1");
  const std::vector<engine::Label> labels{{"disk", "ssd"}, {"zone", "a"}};
  EXPECT_EQ(info->traits.labels, labels);
  EXPECT_EQ(info->traits.resources, (std::vector<engine::Resource>{{"gpu", 2}}));
  EXPECT_EQ(info->traits.glibc, "2.36");
}

TEST(SendToMessage, AssignCarriesItsInputsWithoutBytes) {
  engine::Assign assign;
  assign.key.run.value = 9;
  assign.key.epoch = 1;
  assign.module = base::sha256("module");
  engine::InputRef present;
  present.present = true;
  present.value.digest = base::sha256("x");
  present.value.size = 1;
  present.partition = "2026-11-27";
  assign.partition = "2026-11-28";
  engine::InputRef absent;
  absent.state = engine::TaskState::kSkipped;
  absent.reason = "the branch was not taken";
  assign.inputs = {present, absent};
  assign.scheduled_at = base::WallTime(std::chrono::microseconds(-5));
  wire::SchedulerMessage message;
  to_proto(engine::Send{kSession, assign}, &message);
  ASSERT_TRUE(message.has_assign());
  const wire::Assign& out = message.assign();
  EXPECT_EQ(out.attempt().run(), 9u);
  EXPECT_EQ(out.module(), base::sha256("module").raw());
  ASSERT_EQ(out.inputs_size(), 2);
  EXPECT_TRUE(out.inputs(0).present());
  EXPECT_EQ(out.inputs(0).partition(), "2026-11-27");
  EXPECT_EQ(out.partition(), "2026-11-28");
  EXPECT_FALSE(out.inputs(0).value().is_inline());
  EXPECT_FALSE(out.inputs(1).has_value());
  EXPECT_EQ(out.inputs(1).state(), "skipped");
  EXPECT_FALSE(out.has_cursor());
  EXPECT_EQ(out.scheduled_at_us(), -5);
  assign.scheduled_at.reset();
  wire::SchedulerMessage without;
  to_proto(engine::Send{kSession, assign}, &without);
  EXPECT_FALSE(without.assign().has_scheduled_at_us());
}

TEST(ArtifactKind, EveryKindComesBack) {
  for (int i = 0; i <= static_cast<int>(engine::ArtifactKind::kExternal); ++i) {
    const auto kind = static_cast<engine::ArtifactKind>(i);
    EXPECT_EQ(artifact_kind_of(to_proto(kind)).value(), kind);
  }
  EXPECT_FALSE(artifact_kind_of(50).ok());
}

}  // namespace
}  // namespace weir::rpc
