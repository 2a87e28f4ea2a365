// Whole pipelines on the engine, in this process: order, failure, skip, retry, checks, fixtures,
// cursors. Through the public headers only, as an author's own tests would be written; retry delays
// take no time.
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

int add_one(const int& in) { return in + 1; }

TEST(LocalRun, AChainRunsInOrderAndPassesValues) {
  Pipeline p("p");
  auto a = p.asset("a", [] { return 1; });
  auto b = p.asset("b", add_one, a);
  auto c = p.asset("c", add_one, b);
  testing::Run run(p);
  run.materialize(c);
  EXPECT_EQ(run.value(c), 3);
  EXPECT_THAT(run.order(), ElementsAre("a", "b", "c"));
}

TEST(LocalRun, AFailureStopsWhatDependsOnItAndNothingElse) {
  Pipeline p("p");
  auto bad = p.asset("bad", []() -> int { throw std::runtime_error("broken"); });
  auto below = p.asset("below", add_one, bad);
  auto beside = p.asset("beside", [] { return 5; });
  testing::Run run(p);
  run.all();
  EXPECT_EQ(run.state(bad), State::kFailed);
  EXPECT_THAT(run.reason(bad), HasSubstr("broken"));
  EXPECT_EQ(run.state(below), State::kUpstreamFailed);
  EXPECT_EQ(run.value(beside), 5);
  EXPECT_THROW(run.value(bad), Failure);
}

TEST(LocalRun, ASkipSkipsWhatDependsOnIt) {
  Pipeline p("p");
  auto a = p.asset("a", []() -> Outcome<int> { return skip("nothing new"); });
  auto b = p.asset("b", add_one, a);
  testing::Run run(p);
  run.materialize(b);
  EXPECT_EQ(run.state(a), State::kSkipped);
  EXPECT_THAT(run.reason(a), HasSubstr("nothing new"));
  EXPECT_EQ(run.state(b), State::kSkipped);
}

TEST(LocalRun, RetriesAreMadeUntilOneSucceedsAndTheirDelaysTakeNoTime) {
  int calls = 0;
  Pipeline p("p");
  auto a = p.asset("a", [&calls] {
              if (++calls < 3) throw std::runtime_error("not yet");
              return calls;
            }).retry({.max_attempts = 5, .delay = minutes(10)});
  testing::Run run(p);
  run.materialize(a);
  EXPECT_EQ(run.value(a), 3);
  EXPECT_EQ(run.attempts(a), 3);
}

TEST(LocalRun, TheRetryBudgetEnds) {
  int calls = 0;
  Pipeline p("p");
  auto a = p.asset("a", [&calls]() -> int {
              ++calls;
              throw std::runtime_error("never");
            }).retry({.max_attempts = 3, .delay = minutes(1)});
  testing::Run run(p);
  run.materialize(a);
  EXPECT_EQ(run.state(a), State::kFailed);
  EXPECT_EQ(calls, 3);
}

TEST(LocalRun, APermanentFailureIsNotRetried) {
  int calls = 0;
  Pipeline p("p");
  auto a = p.asset("a", [&calls]() -> int {
              ++calls;
              throw permanent("bad schema");
            }).retry({.max_attempts = 3});
  testing::Run(p).materialize(a);
  EXPECT_EQ(calls, 1);
}

TEST(LocalRun, ABlockingCheckKeepsThePreviousVersionCurrent) {
  int next = 1;
  Pipeline p("p");
  auto a = p.asset("a", [&next] { return next; })
               .check(
                   "small", [](const int& value) { return value < 5; }, blocking);
  auto b = p.asset("b", add_one, a);
  testing::Run run(p);
  run.materialize(b);
  EXPECT_EQ(run.value(b), 2);
  next = 7;
  run.materialize(b);
  EXPECT_EQ(run.state(a), State::kFailed);
  EXPECT_THAT(run.reason(a), HasSubstr("small"));
  EXPECT_EQ(run.state(b), State::kUpstreamFailed);
  EXPECT_EQ(run.value(a), 1);
  ASSERT_EQ(run.checks().size(), 1u);
  EXPECT_FALSE(run.checks()[0].passed);
}

TEST(LocalRun, GivenAssetsReplaceTheirStagesAndAllThatOnlyTheyNeed) {
  int calls = 0;
  Pipeline p("p");
  auto raw = p.asset("raw", [&calls] { return ++calls; });
  auto cleaned = p.asset(
      "cleaned", [&calls](const int& in) { return ++calls + in; }, raw);
  auto report = p.asset("report", add_one, cleaned);
  testing::Run run(p);
  run.given(cleaned, 10).materialize(report);
  EXPECT_EQ(run.value(report), 11);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(run.state(raw), State::kMissing);
  EXPECT_EQ(run.state(cleaned), State::kSucceeded);
}

TEST(LocalRun, ExternalAssetsAreGiven) {
  const AssetKey<int> key{"crm/customers"};
  Pipeline p("p");
  p.external(key);
  auto a = p.asset("a", add_one, key);
  testing::Run run(p);
  run.given(key, 41).materialize(a);
  EXPECT_EQ(run.value(a), 42);
}

TEST(LocalRun, AnExternalAssetThatWasNotGivenIsNamed) {
  const AssetKey<int> key{"crm/customers"};
  Pipeline p("p");
  p.external(key);
  auto a = p.asset("a", add_one, key);
  testing::Run run(p);
  try {
    run.materialize(a);
    FAIL() << "it ran without its input";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("crm/customers"));
  }
}

struct Settings {
  int factor = 2;
};
struct Service {
  virtual ~Service() = default;
  virtual int ask() { return 1; }
};
struct FakeService final : Service {
  int ask() override { return 100; }
};

TEST(LocalRun, ParametersAndResourcesCanBeReplaced) {
  Pipeline p("p");
  auto settings = p.params<Settings>("settings");
  auto service = p.resource("service", [](const Start&) { return std::make_unique<Service>(); });
  auto a = p.asset(
      "a", [](const Settings& s, Service& remote) { return s.factor * remote.ask(); }, settings,
      service);
  testing::Run real(p);
  EXPECT_EQ(real.materialize(a).value(a), 2);
  testing::Run fake(p);
  fake.given(settings, {.factor = 3}).given(service, std::make_shared<FakeService>());
  EXPECT_EQ(fake.materialize(a).value(a), 300);
}

struct Offset {
  int at = 0;
};

TEST(LocalRun, ACursorMovesWithTheResultAndOnlyWithIt) {
  bool fails = false;
  Pipeline p("p");
  auto a = p.asset(
      "a",
      [&fails](Cursor<Offset>& cursor) {
        const int from = cursor.at().value_or(Offset{}).at;
        cursor.advance({from + 10});
        if (fails) throw std::runtime_error("after the advance");
        return from;
      },
      cursor<Offset>());
  testing::Run run(p);
  EXPECT_EQ(run.materialize(a).value(a), 0);
  EXPECT_EQ(run.materialize(a).value(a), 10);
  fails = true;
  run.materialize(a);
  fails = false;
  EXPECT_EQ(run.materialize(a).value(a), 20);
}

TEST(LocalRun, UnchangedKeepsTheVersionAndRunsWhatFollows) {
  bool again = false;
  Pipeline p("p");
  auto a = p.asset("a", [&again]() -> Outcome<int> {
    if (again) return unchanged;
    again = true;
    return 4;
  });
  auto b = p.asset("b", add_one, a);
  testing::Run run(p);
  run.materialize(b);
  run.materialize(b);
  EXPECT_EQ(run.state(a), State::kSucceeded);
  EXPECT_EQ(run.state(b), State::kSucceeded);
  EXPECT_EQ(run.value(b), 5);
}

TEST(LocalRun, OneStageCanMakeSeveralAssets) {
  Pipeline p("p");
  auto [left, right] = p.assets({"left", "right"}, [] { return std::tuple(1, std::string("r")); });
  auto both = p.asset(
      "both", [](const int& l, const std::string& r) { return r + std::to_string(l); }, left,
      right);
  testing::Run run(p);
  EXPECT_EQ(run.materialize(both).value(both), "r1");
  EXPECT_EQ(run.state(right), State::kSucceeded);
}

TEST(LocalRun, LargeValuesPassThroughFiles) {
  Pipeline p("p");
  auto a = p.asset("a", [] { return std::vector<int>(100'000, 3); });
  auto b = p.asset(
      "b", [](const std::vector<int>& in) { return in.size(); }, a);
  testing::Run run(p);
  EXPECT_EQ(run.materialize(b).value(b), 100'000u);
  EXPECT_EQ(run.value(a).back(), 3);
}

TEST(LocalRun, AWidePipelineRunsEveryStageOnce) {
  constexpr int kWidth = 300;
  std::atomic<int> calls{0};
  Pipeline p("p");
  auto root = p.asset("root", [] { return 1; });
  for (int i = 0; i < kWidth; ++i) {
    p.asset(
        name("leaf_" + std::to_string(i)),
        [&calls](const int& in) {
          ++calls;
          return in;
        },
        root);
  }
  testing::Run(p).all();
  EXPECT_EQ(calls, kWidth);
}

TEST(LocalRun, MetadataOfTheLatestAttemptIsKept) {
  Pipeline p("p");
  auto a = p.asset("a", [](Context& ctx) {
    ctx.meta("rows", 3);
    return 1;
  });
  testing::Run run(p);
  run.materialize(a);
  EXPECT_EQ(run.metadata(a).text(), R"({"a":{"rows":{"kind":"int","value":3}}})");
}

TEST(LocalRun, InvalidDefinitionsAreRefusedWithEveryProblem) {
  Pipeline p("p");
  p.asset("a", [] { return 1; });
  p.asset("a", [] { return 2; });
  try {
    testing::Run run(p);
    FAIL() << "two assets of one name were accepted";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("'a' is declared twice"));
  }
}

TEST(LocalRun, StagesTakeTheTimeThatWasGiven) {
  Pipeline p("p");
  auto a = p.asset(
      "a", [](Context&, const ScheduledTime& time) { return time.text(); }, scheduled_time);
  testing::Run run(p);
  run.given(ScheduledTime(std::chrono::sys_days{std::chrono::year(2026) / 12 / 1}));
  run.materialize(a);
  EXPECT_EQ(run.value(a), "2026-12-01T00:00:00Z");
}

TEST(LocalRun, WithoutATimeItIsTheMomentOfTheRun) {
  Pipeline p("p");
  auto a = p.asset(
      "a", [](ScheduledTime time) { return time.at().time_since_epoch().count(); }, scheduled_time);
  testing::Run run(p);
  run.materialize(a);
  const auto first = run.value(a);
  EXPECT_GT(first, 0);
  EXPECT_GT(run.materialize(a).value(a), first);
}

}  // namespace
}  // namespace weir
