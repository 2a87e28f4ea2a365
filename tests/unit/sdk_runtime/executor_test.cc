// A real module process as a worker sees it: what it reports for every way in
// which an attempt can end, and what the process itself ends with. The stages are
// sample_module.cc's, by their index.
#include <fstream>
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module/manifest.h"
#include "sdk/src/local/local_driver.h"
#include "tests/unit/sdk_runtime/executor_process.h"
#include "weir/weir.h"

namespace weir::sdk_impl {
namespace {

using ::testing::HasSubstr;

constexpr int kSucceeded = 1;
constexpr int kFailed = 2;
constexpr int kCheckFailed = 3;
constexpr int kLoadError = 10;
enum Stage {
  kNumbers,
  kSum,
  kLarge,
  kSkipped,
  kThrows,
  kPermanent,
  kAgainLater,
  kOddException,
  kCrashes,
  kExits,
  kStep,
  kFile,
  kReadFile,
  kAsksServer,
  kForksAndReturns,
  kUntilCanceled,
  kAsksFirst,
  kShouts,
  kCounts,
  kSpeaksOddly,
  kSaysAndCrashes,
  kSaysTime
};

template <class T>
TestValue inline_value(const T& value) {
  TestValue out;
  out.bytes = encode(value);
  out.digest = std::string(base::sha256(out.bytes).raw());
  out.size = static_cast<std::int64_t>(out.bytes.size());
  out.type = fingerprint_of<T>();
  out.is_inline = true;
  return out;
}

class Executor : public ::testing::Test {
 protected:
  TestRun run_of(int stage, std::vector<std::optional<TestValue>> inputs = {}) {
    TestRun run;
    run.stage = stage;
    run.inputs = std::move(inputs);
    return run;
  }
  // The stage's only argument is a parameter, which travels without a value.
  TestRun numbers(const std::string& params = "") {
    TestRun run = run_of(kNumbers, {std::nullopt});
    run.params = params;
    return run;
  }

  TemporaryDirectory directory_;
  ExecutorProcess executor_{directory_.path()};
};

TEST_F(Executor, IntroducesItselfWithTheManifest) {
  EXPECT_EQ(executor_.protocol_version(), 3);
  const auto manifest = module::manifest_from_json(base::Json::parse(executor_.manifest()).value());
  ASSERT_TRUE(manifest.ok()) << manifest.status().text();
  EXPECT_TRUE(module::validate_manifest(*manifest).ok());
  EXPECT_EQ(manifest->pipeline, "sample");
  EXPECT_EQ(manifest->stages[kStep].name, "step");
  EXPECT_EQ(manifest->stages[kNumbers].outputs[0].type, fingerprint_of<std::vector<int>>());
}

// Those of the maker, not those of the stage, and once.
TEST_F(Executor, TellsWhichProcessesAResourceStarted) {
  const TestRun run = run_of(kAsksServer, {std::nullopt});
  const TestResult failed = executor_.run(run);
  EXPECT_EQ(failed.outcome, kFailed);
  EXPECT_TRUE(failed.helpers.empty()) << "what a maker left that threw is nobody's";

  const TestResult made = executor_.run(run);
  ASSERT_EQ(made.outcome, kSucceeded) << made.message;
  ASSERT_EQ(made.helpers.size(), 2u) << "the server and what its maker started beside it";
  EXPECT_TRUE(made.outputs.at(0).bytes == encode(made.helpers[0].first) ||
              made.outputs.at(0).bytes == encode(made.helpers[1].first));
  EXPECT_GT(made.helpers[0].second, 0u);

  const TestResult again = executor_.run(run);
  ASSERT_EQ(again.outcome, kSucceeded) << again.message;
  EXPECT_TRUE(again.helpers.empty()) << "they are known";
}

TEST_F(Executor, EndsCleanlyWhenTheSocketCloses) {
  const int status = executor_.finish();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(Executor, ReportsTheEncodedValueWithMetadataAndLogs) {
  const TestResult result = executor_.run(numbers());
  EXPECT_EQ(result.outcome, kSucceeded) << result.message;
  EXPECT_EQ(result.success, 1);
  ASSERT_EQ(result.outputs.size(), 1u);
  EXPECT_TRUE(result.outputs[0].is_inline);
  EXPECT_EQ(result.outputs[0].bytes, encode(std::vector<int>{0, 1, 2}));
  EXPECT_EQ(result.outputs[0].digest, base::sha256(result.outputs[0].bytes).raw());
  EXPECT_EQ(result.outputs[0].kind, 1);
  EXPECT_EQ(result.metadata, R"({"numbers":{"rows":{"kind":"int","value":3}}})");
  ASSERT_EQ(result.logs.size(), 1u);
  EXPECT_THAT(result.logs[0], HasSubstr(R"("level":"info","text":"made numbers")"));
}

TEST_F(Executor, AHugeLogLineIsCutAndTheAttemptGoesOn) {
  const TestResult result = executor_.run(run_of(kShouts));
  EXPECT_EQ(result.outcome, kSucceeded) << result.message;
  ASSERT_EQ(result.logs.size(), 1u);
  EXPECT_THAT(result.logs[0].substr(60'000), HasSubstr("xxx… (52363264 bytes cut)\"}"));
}

TEST_F(Executor, OfManyWordsOnProgressFewAreSentAndTheLastIsNotLost) {
  const TestResult result = executor_.run(run_of(kCounts));
  ASSERT_EQ(result.outcome, kSucceeded) << result.message;
  ASSERT_GE(result.progress.size(), 1u);
  EXPECT_LE(result.progress.size(), 100u) << "four a second, of 200,000";
  EXPECT_EQ(result.progress[0].message, "1 of 200000");
  ASSERT_TRUE(result.last_progress.has_value());
  EXPECT_EQ(result.last_progress->fraction, 1.0);
  EXPECT_EQ(result.last_progress->message, "200000 of 200000");

  const TestResult silent = executor_.run(numbers());
  EXPECT_TRUE(silent.progress.empty());
  EXPECT_FALSE(silent.last_progress.has_value()) << "it is the attempt's, not the process's";
}

TEST_F(Executor, OddWordsOnProgressAreMadeFitToBeRead) {
  const TestResult result = executor_.run(run_of(kSpeaksOddly));
  ASSERT_EQ(result.outcome, kSucceeded) << result.message;
  ASSERT_GE(result.progress.size(), 1u);
  EXPECT_EQ(result.progress[0].fraction, 0);
  EXPECT_EQ(result.progress[0].message, "-5 of 3") << "as it was counted";
  ASSERT_TRUE(result.last_progress.has_value());
  EXPECT_EQ(result.last_progress->fraction, -1) << "not known";
  EXPECT_THAT(result.last_progress->message, HasSubstr("\uFFFD xxx"));
  EXPECT_LE(result.last_progress->message.size(), engine::kProgressMessageBytesMax);
}

TEST_F(Executor, AWordOnProgressIsOutBeforeTheCrashThatFollows) {
  const TestResult result = executor_.run(run_of(kSaysAndCrashes));
  EXPECT_TRUE(result.closed);
  ASSERT_EQ(result.progress.size(), 1u);
  EXPECT_EQ(result.progress[0].fraction, 0.5);
  EXPECT_EQ(result.progress[0].message, "half");
}

TEST_F(Executor, FlushesWhatTheStagePrintedBeforeItsResult) {
  executor_.run(numbers());
  EXPECT_EQ(executor_.out(), "printed by numbers\n");
}

TEST_F(Executor, ParametersOverrideSingleMembers) {
  const TestResult result = executor_.run(numbers(R"({"limits":{"count":5}})"));
  ASSERT_EQ(result.outputs.size(), 1u) << result.message;
  EXPECT_EQ(result.outputs[0].bytes, encode(std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_THAT(result.logs[0], HasSubstr(R"("value":"x")"));
}

TEST_F(Executor, UnknownParameterMembersFailForGood) {
  const TestResult result = executor_.run(numbers(R"({"limits":{"cuont":5}})"));
  EXPECT_EQ(result.outcome, kFailed);
  EXPECT_TRUE(result.permanent);
  EXPECT_THAT(result.message, HasSubstr("cuont"));
}

TEST_F(Executor, ABlockingCheckKeepsTheValueBack) {
  const TestResult good = executor_.run(run_of(kSum, {inline_value(std::vector<int>{1, 1})}));
  EXPECT_EQ(good.outcome, kSucceeded) << good.message;
  const TestResult bad = executor_.run(run_of(kSum, {inline_value(std::vector<int>{1, 2})}));
  EXPECT_EQ(bad.outcome, kCheckFailed);
  EXPECT_TRUE(bad.outputs.empty());
  EXPECT_THAT(bad.message, HasSubstr("blocking check 'small' of 'sum' failed: it is 3"));
  ASSERT_EQ(bad.checks.size(), 1u);
  EXPECT_FALSE(bad.checks[0].passed);
  EXPECT_EQ(bad.checks[0].reason, "it is 3");
  EXPECT_EQ(bad.checks[0].metadata, R"({"value":{"kind":"int","value":3}})");
}

TEST_F(Executor, LargeValuesAreFilesNamedByTheirDigest) {
  const TestResult result = executor_.run(run_of(kLarge, {inline_value(2)}));
  ASSERT_EQ(result.outputs.size(), 1u) << result.message;
  const TestValue& output = result.outputs[0];
  EXPECT_FALSE(output.is_inline);
  const auto digest = base::Digest::from_bytes(output.digest).value();
  EXPECT_EQ(read_artifact(output.path, digest).value(), encode(std::string(200'000, 'c')));
  EXPECT_TRUE(std::filesystem::is_empty(executor_.artifacts() / "tmp"));
}

TEST_F(Executor, SkippingCarriesItsReason) {
  const TestResult result = executor_.run(run_of(kSkipped));
  EXPECT_EQ(result.outcome, kSucceeded);
  EXPECT_EQ(result.success, 2);
  EXPECT_EQ(result.message, "nothing new");
  EXPECT_TRUE(result.outputs.empty());
}

TEST_F(Executor, ExceptionsFailWithTypeAndText) {
  const TestResult result = executor_.run(run_of(kThrows));
  EXPECT_EQ(result.outcome, kFailed);
  EXPECT_EQ(result.message, "no such table");
  EXPECT_EQ(result.detail, R"({"type":"std::runtime_error"})");
  EXPECT_FALSE(result.permanent);
  EXPECT_EQ(result.retry_after_ms, -1);
}

TEST_F(Executor, FailuresSayWhetherAndWhenARetryHelps) {
  const TestResult permanent = executor_.run(run_of(kPermanent));
  EXPECT_TRUE(permanent.permanent);
  EXPECT_EQ(permanent.message, "bad schema");
  const TestResult later = executor_.run(run_of(kAgainLater));
  EXPECT_FALSE(later.permanent);
  EXPECT_EQ(later.retry_after_ms, 30'000);
}

TEST_F(Executor, ThrownValuesThatAreNoExceptionsAreNamed) {
  const TestResult result = executor_.run(run_of(kOddException));
  EXPECT_EQ(result.outcome, kFailed);
  EXPECT_EQ(result.detail, R"({"type":"int"})");
  EXPECT_THAT(result.message, HasSubstr("type int"));
}

TEST_F(Executor, ACrashLeavesABacktraceAndItsSignal) {
  EXPECT_TRUE(executor_.run(run_of(kCrashes)).closed);
  const int status = executor_.finish();
  EXPECT_EQ(executor_.out(), "printed before the crash\n");
#ifdef WEIR_SANITIZED
  EXPECT_NE(status, 0);  // the sanitizer's own report and end take the place of ours
#else
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSEGV);
  EXPECT_THAT(executor_.err(), HasSubstr("SIGSEGV"));
  EXPECT_THAT(executor_.err(), HasSubstr("sdk_runtime_module(+0x"));
#endif
}

TEST_F(Executor, ExitEndsTheProcessWithItsCode) {
  EXPECT_TRUE(executor_.run(run_of(kExits)).closed);
  const int status = executor_.finish();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(Executor, AForkedProcessThatReturnsFromTheStageHasNoResult) {
  const TestResult result = executor_.run(run_of(kForksAndReturns));
  EXPECT_EQ(result.outputs.at(0).bytes, encode(1)) << "the exit code of the child";
  EXPECT_TRUE(result.logs.empty());
  EXPECT_THAT(executor_.err(), HasSubstr("from the child"));
  EXPECT_THAT(executor_.err(), HasSubstr("nobody's result"));
  EXPECT_EQ(executor_.run(run_of(kNumbers, {std::nullopt})).outcome, kSucceeded);
}

TEST_F(Executor, AStageThatAsksWhetherItIsCanceledMayPutAway) {
  EXPECT_TRUE(executor_.run(run_of(kAsksFirst)).closed) << "what it returns is not wanted";
  const int status = executor_.finish();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(executor_.out(), "put away\n");
}

TEST_F(Executor, AStageThatDoesNotAskEndsAtOnce) {
  EXPECT_TRUE(executor_.run(run_of(kUntilCanceled)).closed);
  const int status = executor_.finish();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
}

TEST_F(Executor, CursorsComeBackWithTheVersionThatWasRead) {
  TestRun run = run_of(kStep, {std::nullopt, std::nullopt});
  const TestResult first = executor_.run(run);
  ASSERT_TRUE(first.cursor) << first.message;
  EXPECT_EQ(first.cursor_read_version, 0);
  run.cursor_version = 4;
  run.cursor = first.cursor;
  const TestResult second = executor_.run(run);
  ASSERT_TRUE(second.cursor) << second.message;
  EXPECT_EQ(second.cursor_read_version, 4);
  EXPECT_NE(second.cursor->bytes, first.cursor->bytes);
}

TEST_F(Executor, ResourcesLiveAsLongAsTheProcess) {
  const TestRun run = run_of(kStep, {std::nullopt, std::nullopt});
  executor_.run(run);
  EXPECT_EQ(executor_.run(run).outputs.at(0).bytes, encode(2));
}

TEST_F(Executor, FilesAreHandedOverByPath) {
  const TestResult written = executor_.run(run_of(kFile));
  ASSERT_EQ(written.outputs.size(), 1u) << written.message;
  EXPECT_EQ(written.outputs[0].kind, 2);
  EXPECT_EQ(written.outputs[0].digest, base::sha256("file contents").raw());
  const TestResult read = executor_.run(run_of(kReadFile, {written.outputs[0]}));
  EXPECT_EQ(read.outputs.at(0).bytes, encode(std::string("file contents"))) << read.message;
}

TEST_F(Executor, AlteredInputsAreLoadErrors) {
  TestValue value = inline_value(std::vector<int>{1});
  value.bytes.back() = static_cast<char>(value.bytes.back() ^ 1);
  const TestResult result = executor_.run(run_of(kSum, {value}));
  EXPECT_EQ(result.outcome, kLoadError);
  EXPECT_THAT(result.message, HasSubstr("WEIR-E0406"));
  const TestResult written = executor_.run(run_of(kFile));
  std::filesystem::permissions(written.outputs.at(0).path, std::filesystem::perms::owner_all);
  std::ofstream(written.outputs.at(0).path) << "changed";
  const TestResult file = executor_.run(run_of(kReadFile, {written.outputs.at(0)}));
  EXPECT_EQ(file.outcome, kLoadError) << file.message;
}

TEST_F(Executor, MissingInputFilesAreLoadErrors) {
  TestValue value = inline_value(std::vector<int>{1});
  value.is_inline = false;
  value.path = (directory_.path() / "nowhere").string();
  const TestResult result = executor_.run(run_of(kSum, {value}));
  EXPECT_EQ(result.outcome, kLoadError);
  EXPECT_THAT(result.message, HasSubstr("WEIR-E0407"));
}

TEST_F(Executor, InputsOfAnotherTypeFailForGood) {
  const TestResult result = executor_.run(run_of(kSum, {inline_value(std::string("text"))}));
  EXPECT_EQ(result.outcome, kFailed);
  EXPECT_TRUE(result.permanent);
  EXPECT_THAT(result.message, HasSubstr("the input 'numbers' cannot be decoded"));
}

TEST_F(Executor, AStageThatTheModuleDoesNotHaveIsALoadError) {
  EXPECT_EQ(executor_.run(run_of(99)).outcome, kLoadError);
  EXPECT_EQ(executor_.run(run_of(kSum)).outcome, kLoadError);  // the wrong number of inputs
}

TEST_F(Executor, AStageIsGivenTheTimeThatItsRunIsFor) {
  TestRun run = run_of(kSaysTime, {std::nullopt});
  run.scheduled_at_us = 1'764'554'400'250'000;
  const TestResult result = executor_.run(run);
  ASSERT_EQ(result.outcome, kSucceeded) << result.message;
  EXPECT_EQ(decode<std::string>(result.outputs.at(0).bytes), "2025-12-01T02:00:00.25Z");
}

TEST_F(Executor, AWorkerThatKnowsNoTimeIsTooOld) {
  const TestResult result = executor_.run(run_of(kSaysTime, {std::nullopt}));
  EXPECT_EQ(result.outcome, kFailed);
  EXPECT_TRUE(result.permanent);
  EXPECT_THAT(result.message, HasSubstr("upgrade them"));
}

TEST_F(Executor, ItsManifestHasNoSchedules) {
  const auto manifest = module::manifest_from_json(base::Json::parse(executor_.manifest()).value());
  ASSERT_TRUE(manifest.ok());
  EXPECT_TRUE(manifest->schedules.empty());
}

}  // namespace
}  // namespace weir::sdk_impl
