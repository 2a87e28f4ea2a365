// The plan in a run's row: what is written is read again, what is damaged is refused, and what it
// costs is bounded. Values only; one thread. How an engine is restored by it is for the scenarios
// and the simulator.
#include "engine/plan/run_plan.h"

#include <string>

#include <gtest/gtest.h>

namespace weir::engine {
namespace {

RunRow row_with(const std::string& plan, std::int32_t tasks) {
  RunRow run;
  run.id = RunId{7};
  run.modules = {base::sha256("a"), base::sha256("b")};
  run.task_count = tasks;
  run.created_at = WallTime(std::chrono::seconds(9));
  run.first_order = 100;
  run.plan = plan;
  return run;
}

TEST(RunPlan, TasksThatFollowEachOtherAreOnePart) {
  RunPlan plan;
  for (int i = 0; i < 5; ++i) plan.add(0, i, i < 2);
  plan.add(0, 8, true);
  plan.add(1, 0, true);
  EXPECT_EQ(plan.text(), "0:0+2! 0:2+3 0:8+1! 1:0+1!");
  EXPECT_EQ(plan.size(), 7);
}

TEST(RunPlan, WhatIsWrittenIsReadAgain) {
  const RunRow run = row_with("0:0+2! 0:2+3 0:8+1! 1:0+1!", 7);
  const auto plan = RunPlan::of(run);
  ASSERT_TRUE(plan.ok()) << plan.status().text();
  EXPECT_EQ(plan->text(), run.plan);
  const TaskRow waits = plan->task(run, 4);
  EXPECT_EQ(waits.stage, 4);
  EXPECT_EQ(waits.state, TaskState::kWaiting);
  EXPECT_EQ(waits.ready_order, 0);
  const TaskRow ready = plan->task(run, 6);
  EXPECT_EQ(ready.module, 1);
  EXPECT_EQ(ready.stage, 0);
  EXPECT_EQ(ready.state, TaskState::kReady);
  EXPECT_EQ(ready.ready_order, 103);  // the fourth that was ready at once
  EXPECT_EQ(ready.ready_at, run.created_at);
}

TEST(RunPlan, ADamagedPlanIsRefused) {
  for (const char* plan : {"0:0+6", "0:0+8", "2:0+7", "0:0", "0:0+0 0:0+7", "0:-1+7", "x", "0:0+7?",
                           "0:0+7! ", "0:0+99999999999"}) {
    const bool readable = std::string(plan) == "0:0+7! ";  // a blank at the end says nothing
    EXPECT_EQ(RunPlan::of(row_with(plan, 7)).ok(), readable) << plan;
  }
}

TEST(RunPlan, AStageThatItsModuleDoesNotHaveIsFound) {
  const auto plan = RunPlan::of(row_with("0:0+2! 0:2+3 0:8+1! 1:0+1!", 7));
  ASSERT_TRUE(plan.ok()) << plan.status().text();
  EXPECT_TRUE(plan->fits({9, 1}));
  EXPECT_FALSE(plan->fits({8, 1}));
  EXPECT_FALSE(plan->fits({9, 0}));
  EXPECT_FALSE(plan->fits({9}));
  const auto far = RunPlan::of(row_with("0:2147483647+7", 7));
  EXPECT_TRUE(far.ok() && !far->fits({9, 1}));
}

TEST(RunPlan, OneOfManyPartsIsShorterThanTheRowsOfItsTasks) {
  constexpr std::int32_t kTasks = 100'000;
  RunPlan plan;
  for (int i = 0; i < kTasks; ++i) plan.add(0, i, i % 2 == 0);
  const RunRow run = row_with(plan.text(), kTasks);
  EXPECT_LT(run.plan.size(), 13u * kTasks);
  const auto again = RunPlan::of(run);
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_EQ(again->task(run, kTasks - 1).stage, kTasks - 1);
  EXPECT_EQ(again->task(run, kTasks - 2).ready_order, run.first_order + kTasks / 2 - 1);
  RunPlan fan_out;
  for (int i = 0; i < 100'000; ++i) fan_out.add(0, i, i == 0);
  EXPECT_EQ(fan_out.text(), "0:0+1! 0:1+99999");
}

}  // namespace
}  // namespace weir::engine
