// One attempt without a process around it: resources, threads, and what user code can do wrong.
// Time is a constant; threads are joined before anything is judged, so nothing here depends on
// scheduling.
#include "sdk/src/stage_runner.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "sdk/src/local/local_driver.h"
#include "weir/weir.h"

namespace weir::sdk_impl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SilentSink final : public AttemptSink {
 public:
  void log(std::string line) override { lines.push_back(std::move(line)); }
  void progress(const impl::ProgressWord& word) override { done_ = word.done; }
  bool canceled() override { return canceled_; }
  base::WallTime now() override { return {}; }
  std::vector<std::string> lines;
  std::int64_t done_ = 0;
  bool canceled_ = false;
};

class StageRunnerTest : public ::testing::Test {
 protected:
  engine::AttemptFinished run(const Pipeline& pipeline, std::size_t inputs = 0) {
    StageRunner runner(pipeline.record());
    return run(runner, inputs);
  }
  engine::AttemptFinished run(StageRunner& runner, std::size_t inputs) {
    AttemptRequest request;
    request.inputs.resize(inputs);
    request.target = {temporary_.path(), Sync::kQuick};
    return runner.run(request, sink_);
  }

  TemporaryDirectory temporary_;
  SilentSink sink_;
};

struct Flaky {
  int value = 0;
};

TEST_F(StageRunnerTest, AResourceThatFailsIsMadeAgainNextTime) {
  int calls = 0;
  Pipeline p("p");
  auto flaky = p.resource("flaky", [&calls](const Start&) {
    if (++calls == 1) throw std::runtime_error("refused");
    return Flaky{calls};
  });
  p.asset(
      "a", [](Flaky& resource) { return resource.value; }, flaky);
  StageRunner runner(p.record());
  const auto first = run(runner, 1);
  EXPECT_EQ(first.outcome, engine::OutcomeClass::kFailed);
  EXPECT_FALSE(first.permanent);
  EXPECT_THAT(first.message, HasSubstr("the resource 'flaky' cannot be made"));
  EXPECT_THAT(first.message, HasSubstr("refused"));
  EXPECT_EQ(run(runner, 1).outcome, engine::OutcomeClass::kSucceeded);
  EXPECT_EQ(run(runner, 1).outcome, engine::OutcomeClass::kSucceeded);
  EXPECT_EQ(calls, 2);
}

TEST_F(StageRunnerTest, AMissingSecretFailsForGood) {
  Pipeline p("p");
  auto db = p.resource("db", [](const Start& start) {
    start.secret("nobody_has_set_this");
    return Flaky{1};
  });
  p.asset(
      "a", [](Flaky& resource) { return resource.value; }, db);
  StageRunner runner(p.record());
  const auto report = run(runner, 1);
  EXPECT_EQ(report.outcome, engine::OutcomeClass::kFailed);
  EXPECT_TRUE(report.permanent);
  EXPECT_THAT(report.message, HasSubstr("the resource 'db' cannot be made"));
  EXPECT_THAT(report.message, HasSubstr("WEIR_SECRET_NOBODY_HAS_SET_THIS"));
}

TEST_F(StageRunnerTest, TheMakerOfAResourceSaysWhenToTryAgain) {
  Pipeline p("p");
  auto api = p.resource(
      "api", [](const Start&) -> Flaky { throw retry_after(std::chrono::seconds(30), "429"); });
  p.asset("a", [] { return 1; })
      .check(
          "reachable", [](const int&, Flaky& resource) { return resource.value == 1; }, warn, api);
  const auto report = run(p);
  EXPECT_EQ(report.outcome, engine::OutcomeClass::kFailed);
  EXPECT_FALSE(report.permanent);
  EXPECT_EQ(report.retry_after, std::chrono::seconds(30));
}

TEST_F(StageRunnerTest, AResourceIsMadeOnceForManyThreads) {
  std::atomic<int> calls{0};
  Pipeline p("p");
  auto shared = p.resource("shared", [&calls](const Start&) { return Flaky{++calls}; });
  p.asset(
      "a", [](Flaky& resource) { return resource.value; }, shared);
  StageRunner runner(p.record());
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&runner] { EXPECT_NE(runner.resources().get("shared"), nullptr); });
    }
  }
  EXPECT_EQ(calls, 1);
}

TEST_F(StageRunnerTest, ACheckThatThrowsHasNotPassed) {
  Pipeline p("p");
  p.asset("a", [] { return 1; })
      .check(
          "odd", [](const int&) -> Verdict { throw std::runtime_error("division"); }, warn);
  const auto report = run(p);
  EXPECT_EQ(report.outcome, engine::OutcomeClass::kSucceeded);
  ASSERT_EQ(report.checks.size(), 1u);
  EXPECT_FALSE(report.checks[0].passed);
  EXPECT_THAT(report.checks[0].reason, HasSubstr("division"));
  EXPECT_EQ(report.checks[0].severity, module::CheckSeverity::kWarn);
}

// Stages write one expression for both ends; nobody is to read "too few rows" beside a pass.
TEST_F(StageRunnerTest, ACheckThatPassedHasNoReason) {
  const auto at_least = [](int rows) {
    return [rows](const int& value) { return Verdict(value >= rows).because("too few rows"); };
  };
  Pipeline p("p");
  p.asset("a", [] { return 2; }).check("some", at_least(1), warn).check("many", at_least(3), warn);
  const auto report = run(p);
  ASSERT_EQ(report.checks.size(), 2u);
  EXPECT_TRUE(report.checks[0].passed);
  EXPECT_EQ(report.checks[0].reason, "");
  EXPECT_FALSE(report.checks[1].passed);
  EXPECT_EQ(report.checks[1].reason, "too few rows");
}

TEST_F(StageRunnerTest, AnAbsentInputThatIsNeededFailsForGood) {
  Pipeline p("p");
  const AssetKey<int> key{"other/asset"};
  p.external(key);
  p.asset(
      "a", [](const int& in) { return in; }, key);
  const auto report = run(p, 1);
  EXPECT_EQ(report.outcome, engine::OutcomeClass::kFailed);
  EXPECT_TRUE(report.permanent);
  EXPECT_THAT(report.message, HasSubstr("'other/asset' is absent"));
}

TEST_F(StageRunnerTest, CancellationReachesTheStage) {
  Pipeline p("p");
  p.asset("a", [](Context& ctx) {
    ctx.progress(3, 10);
    return ctx.canceled();
  });
  sink_.canceled_ = true;
  const auto report = run(p);
  EXPECT_EQ(*report.outputs.at(0).bytes, encode(true));
  EXPECT_EQ(sink_.done_, 3);
}

TEST_F(StageRunnerTest, MetadataHasABound) {
  Pipeline p("p");
  p.asset("a", [](Context& ctx) {
    for (int i = 0; i < 2000; ++i) ctx.meta("m" + std::to_string(i), i);
    return 1;
  });
  const auto report = run(p);
  EXPECT_EQ(report.outcome, engine::OutcomeClass::kFailed);
  EXPECT_THAT(report.message, HasSubstr("at most 1000"));
}

TEST_F(StageRunnerTest, AnEntryOfMetadataHasALimitThatNamesIt) {
  Pipeline p("p");
  p.asset("a", [](Context& ctx) {
    ctx.meta("page", std::string(65 << 10, 'x'));
    return 1;
  });
  const auto report = run(p);
  EXPECT_EQ(report.outcome, engine::OutcomeClass::kFailed);
  EXPECT_TRUE(report.permanent);
  EXPECT_THAT(report.message, HasSubstr("metadata 'page' has"));
  EXPECT_THAT(report.message, HasSubstr("at most 65536"));
  EXPECT_LT(report.metadata.size(), 100u);
}

// Each byte that is not UTF-8 becomes three: what is stored is what counts.
TEST_F(StageRunnerTest, ANameOfMetadataCountsAsItIsStored) {
  Pipeline p("p");
  p.asset("a", [](Context& ctx) {
    ctx.meta(std::string(30 << 10, '\xff'), 1);
    return 1;
  });
  const auto report = run(p);
  EXPECT_EQ(report.outcome, engine::OutcomeClass::kFailed);
  EXPECT_THAT(report.message, HasSubstr("at most 65536"));
}

TEST_F(StageRunnerTest, TheMetadataOfAnAttemptHasALimitWithThatOfItsChecks) {
  Pipeline p("p");
  const auto large = [] { return std::string(50 << 10, 'x'); };
  p.asset("a",
          [large](Context& ctx) {
            for (int i = 0; i < 5; ++i) ctx.meta("m" + std::to_string(i), large());
            return 1;
          })
      .check(
          "odd", [large](const int&) { return Verdict(true).meta("detail", large()); }, warn);
  const auto report = run(p);
  EXPECT_EQ(report.outcome, engine::OutcomeClass::kFailed);
  EXPECT_TRUE(report.permanent);
  EXPECT_THAT(report.message, HasSubstr("check 'odd': metadata 'detail' has"));
  EXPECT_THAT(report.message, HasSubstr("more than 262144"));
}

TEST_F(StageRunnerTest, BytesThatAreNotUtf8AreReplacedWhereverAStageSpeaks) {
  const std::string mark = "\xEF\xBF\xBD";
  Pipeline p("p");
  p.asset("a", [](Context& ctx) -> int {
    ctx.meta("na\xffme", std::string("va\xfflue"));
    ctx.info("li\xffne");
    throw std::runtime_error("caf\xe9");
  });
  const auto report = run(p);
  EXPECT_THAT(report.message, HasSubstr("caf" + mark));
  EXPECT_THAT(report.metadata, HasSubstr("na" + mark + "me"));
  EXPECT_THAT(report.metadata, HasSubstr("va" + mark + "lue"));
  ASSERT_EQ(sink_.lines.size(), 1u);
  EXPECT_THAT(sink_.lines[0], HasSubstr("li" + mark + "ne"));
  for (const std::string& text : {report.message, report.metadata, sink_.lines[0]}) {
    EXPECT_EQ(text, base::valid_utf8(text));
  }
}

TEST_F(StageRunnerTest, ReasonsOfChecksAndSkipsAreUtf8) {
  Pipeline p("p");
  p.asset("a", [] { return 1; })
      .check(
          "odd", [](const int&) -> Verdict { throw std::runtime_error("\xff!"); }, warn);
  EXPECT_THAT(run(p).checks.at(0).reason, HasSubstr("\xEF\xBF\xBD!"));
}

TEST_F(StageRunnerTest, MessagesAreCutBetweenCharacters) {
  for (const char* first : {"", "x", "xx", "xxx"}) {
    Pipeline p("p");
    p.asset("a", [first]() -> int {
      std::string text = first;
      for (int i = 0; i < 20'000; ++i) text += "\xE2\x82\xAC";
      throw std::runtime_error(text);
    });
    const std::string message = run(p).message;
    EXPECT_EQ(message, base::valid_utf8(message));
    EXPECT_THAT(message, Not(HasSubstr("\xEF\xBF\xBD")));
    EXPECT_THAT(message, HasSubstr("(cut)"));
  }
}

TEST_F(StageRunnerTest, EndlessMessagesAreCut) {
  Pipeline p("p");
  p.asset("a", []() -> int { throw std::runtime_error(std::string(1 << 20, 'x')); });
  EXPECT_LT(run(p).message.size(), 20'000u);
}

}  // namespace
}  // namespace weir::sdk_impl
