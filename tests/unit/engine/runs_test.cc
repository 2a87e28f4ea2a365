// Runs that nobody asks for and runs that wait: ids over steps of the clock, the queue and rows
// that cannot be read, deadlines on two clocks. The engine alone: rows are handed in as facts, and
// time is the test's. What a whole world sees of it is in tests/scenarios.
#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/state.h"
#include "tests/support/graph_text.h"

namespace weir::engine {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class QueuedRuns : public testing::Test {
 protected:
  QueuedRuns() : engine_(Options{.live_runs_max = 1}) {
    RegisterModules upload;
    upload.modules = {test::upload_of("shop", "a\nb\n")};
    step(upload);
  }
  Effects step(CommandBody body, const Facts& facts = {}) {
    Effects effects = engine_.step({now_, ++seed_, std::move(body)}, facts);
    engine_.check_invariants();
    return effects;
  }
  base::RunId create(const std::string& selection) {
    CreateRun command;
    command.request.reply_to = 1;
    command.spec.selection = selection;
    const Effects effects = step(command);
    EXPECT_TRUE(effects.replies.at(0).status.ok()) << effects.replies.at(0).status.text();
    return std::get<base::RunId>(effects.replies.at(0).payload);
  }
  void cancel(base::RunId run) {
    CancelRun command;
    command.run = run;
    step(command);
  }
  static const RunRow* row_of(const Effects& effects, base::RunId run) {
    for (const Record& record : effects.records) {
      const auto* row = std::get_if<RunRow>(&record);
      if (row != nullptr && row->id == run) return row;
    }
    return nullptr;
  }

  Engine engine_;
  base::Now now_{base::WallTime(hours(1'000'000)), base::BootTime(hours(1))};
  std::uint64_t seed_ = 0;
};

TEST_F(QueuedRuns, IdsAreInTheOrderOfAcceptanceWhateverTheClockDoes) {
  base::RunId last = create("a");
  for (const auto step_of_clock : {hours(5), hours(-20), hours(0), hours(1)}) {
    now_.wall += step_of_clock;
    const base::RunId next = create("a");
    EXPECT_GT(next, last);
    last = next;
  }
}

TEST_F(QueuedRuns, TheOneWhoseTurnItIsIsNamedAsARead) {
  const base::RunId live = create("a");
  const base::RunId queued = create("b");
  const Command timers{now_, 0, FireTimers{}};
  EXPECT_TRUE(engine_.reads(timers).empty());
  cancel(live);
  EXPECT_EQ(engine_.reads(timers).queued, std::vector<base::RunId>{queued});
  EXPECT_TRUE(engine_.next_deadlines().passed(now_));
}

TEST_F(QueuedRuns, OneThatCannotBeReadFailsAndSaysSo) {
  const base::RunId live = create("a");
  const base::RunId queued = create("b");
  cancel(live);
  Facts facts;
  facts.queued[queued] = std::nullopt;
  const Effects effects = step(FireTimers{}, facts);
  const RunRow* row = row_of(effects, queued);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->state, RunState::kFailed);
  EXPECT_NE(row->message.find("can no longer be read"), std::string::npos);
  EXPECT_TRUE(engine_.state().queue.runs().empty());
}

TEST_F(QueuedRuns, OneThatWasNotReadWaitsForTheNextStep) {
  const base::RunId live = create("a");
  create("b");
  cancel(live);
  EXPECT_TRUE(step(FireTimers{}).records.empty());
  EXPECT_EQ(engine_.state().queue.runs().size(), 1u);
  EXPECT_TRUE(engine_.next_deadlines().passed(now_));
}

TEST(DeadlinesOfTwoClocks, TheSoonerIsWaitedForAndEitherPasses) {
  const base::Now now{base::WallTime(hours(10)), base::BootTime(hours(1))};
  Deadlines none;
  EXPECT_FALSE(none.passed(now));
  EXPECT_FALSE(none.wait(now).has_value());
  const Deadlines both{now.boot + seconds(5), now.wall + seconds(2)};
  EXPECT_EQ(*both.wait(now), base::Duration(seconds(2)));
  EXPECT_FALSE(both.passed(now));
  const base::Now set_forward{now.wall + hours(1), now.boot};
  EXPECT_TRUE(both.passed(set_forward));
  EXPECT_EQ(*both.wait(set_forward), base::Duration(0));
  const base::Now set_back{now.wall - hours(1), now.boot};
  EXPECT_EQ(*both.wait(set_back), base::Duration(seconds(5)));
}

}  // namespace
}  // namespace weir::engine
