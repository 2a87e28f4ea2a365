// weir/testing.h on the sample pipeline, as an author's test would use it: the real engine over a
// store in memory, with fixtures instead of other teams' assets and a fake instead of the database.
// The run drives its own threads and clock; nothing waits.
#include "weir/testing.h"

#include <gtest/gtest.h>

#include "tests/compat/samples/tickets.h"

namespace {

struct Fixture {
  Fixture() : assets(tickets::define(pipeline)) { pipeline.external(kCustomers); }
  weir::Pipeline pipeline{"tickets"};
  tickets::Assets assets;
};

TEST(TestingRun, PipelineRunsOnFixturesAndFakes) {
  Fixture f;
  weir::testing::Run run(f.pipeline);
  run.given(kCustomers, {{7, "pro"}}).given(f.assets.db, std::make_shared<tickets::Db>());
  run.materialize(f.assets.length);
  EXPECT_EQ(run.state(f.assets.report), weir::State::kSucceeded) << run.reason(f.assets.report);
  EXPECT_EQ(run.value(f.assets.report), "trained, fine");
  EXPECT_EQ(run.value(f.assets.length), 13u);
  bool volume_passed = false;
  for (const auto& check : run.checks()) {
    if (check.name == "volume") volume_passed = check.passed;
  }
  EXPECT_TRUE(volume_passed);
}

TEST(TestingRun, GivenAssetsReplaceTheirStages) {
  weir::Pipeline p("given");
  int calls = 0;
  auto first = p.asset("first", [&calls] { return ++calls; });
  auto second = p.asset(
      "second", [](int value) { return value * 2; }, first);
  weir::testing::Run run(p);
  run.given(first, 21).materialize(second);
  EXPECT_EQ(run.value(second), 42);
  EXPECT_EQ(calls, 0);
}

TEST(TestingRun, FailuresAreStatesNotExceptions) {
  weir::Pipeline p("failing");
  auto broken = p.asset("broken", []() -> int { throw weir::permanent("bad schema"); });
  auto after = p.asset(
      "after", [](int value) { return value; }, broken);
  auto told = p.asset(
      "told", [](const weir::Input<int>& input) { return input.reason(); },
      weir::one_failed(broken));
  weir::testing::Run run(p);
  run.all();
  EXPECT_EQ(run.state(broken), weir::State::kFailed);
  EXPECT_EQ(run.state(after), weir::State::kUpstreamFailed);
  EXPECT_NE(run.value(told).find("bad schema"), std::string::npos);
}

TEST(TestingRun, CursorsMoveFromRunToRun) {
  weir::Pipeline p("cursors");
  auto counted = p.asset(
      "counted",
      [](weir::Context& ctx, weir::Cursor<int>& cursor) {
        cursor.advance(cursor.at().value_or(0) + 1);
        ctx.meta("calls", *cursor.next());
        return *cursor.next();
      },
      weir::cursor<int>());
  weir::testing::Run run(p);
  run.materialize(counted).materialize(counted);
  EXPECT_EQ(run.value(counted), 2);
  EXPECT_EQ(run.metadata(counted).text(), R"({"counted":{"calls":{"kind":"int","value":2}}})");
}

TEST(TestingRun, CodecProblemsAreFound) {
  EXPECT_EQ(weir::testing::codec_problem(std::string("x")), "");
}

}  // namespace
