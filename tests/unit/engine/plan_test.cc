// Planning and linking: the order of tasks, which leaves decide, what is pinned. Real registrations
// and runs through an engine, looked at in its state; graphs are given as text. One thread, no
// store and no clock.
#include "engine/plan/plan.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/step.h"
#include "tests/support/graph_text.h"

namespace weir::engine {
namespace {

using Pipelines = std::map<std::string, std::string>;

// An engine that knows the given pipelines.
class Planned {
 public:
  explicit Planned(const Pipelines& pipelines) {
    RegisterModules body;
    for (const auto& [name, text] : pipelines) body.modules.push_back(test::upload_of(name, text));
    body.request.reply_to = 1;
    const Effects effects = engine_.step({now_, 0, body}, {});
    EXPECT_TRUE(effects.replies.at(0).status.ok()) << effects.replies.at(0).status.text();
  }

  std::string order(const std::string& job, const std::string& selection) {
    const auto stages = plan_stages(*engine_.state().catalog, job, selection);
    if (!stages.ok()) return stages.status().text();
    std::string names;
    for (const auto& stage : *stages) {
      const auto& manifest = *stage.module->manifest;
      names += (names.empty() ? "" : " ") + manifest.stages[std::size_t(stage.stage)].name;
    }
    return names;
  }

  // Null, and the refusal in `refused`, when the run was not created.
  const engine::Run* run(const std::string& selection) {
    CreateRun body;
    body.request.reply_to = 1;
    body.spec.selection = selection;
    const Effects effects = engine_.step({now_, ++seed_, body}, {});
    refused = effects.replies.at(0).status;
    if (!refused.ok()) return nullptr;
    return &engine_.state().runs.at(std::get<base::RunId>(effects.replies.at(0).payload));
  }

  std::string leaves(const std::string& selection) {
    const engine::Run* planned = run(selection);
    if (planned == nullptr) return refused.text();
    std::string names;
    for (const Task& task : planned->tasks) {
      if (task.decides) names += (names.empty() ? "" : " ") + task.spec->name;
    }
    return names;
  }

  base::Status refused;

 private:
  Engine engine_;
  base::Now now_{base::WallTime(std::chrono::hours(1)), base::BootTime(std::chrono::hours(1))};
  std::uint64_t seed_ = 0;
};

TEST(Plan, OrderIsTopologicalAndKeepsTheDeclarationWhereItMay) {
  Planned planned(Pipelines{{"p", "z <- y\ny\nb <- a\na\nc <- b z\n"}});
  EXPECT_EQ(planned.order("", "*"), "y z a b c");
  EXPECT_EQ(planned.order("", "c,z"), "z c");
}

TEST(Plan, AJobIsASelectionWithinItsPipeline) {
  Planned planned(Pipelines{{"p", "a\nb <- a\njob nightly = +b\n"},
                            {"q", "d\njob nightly = *\njob all = *\n"}});
  EXPECT_EQ(planned.order("p/nightly", ""), "a b");
  EXPECT_EQ(planned.order("q/all", ""), "d");
  EXPECT_EQ(planned.order("all", ""), "d");
  EXPECT_NE(planned.order("nightly", "").find("p/nightly, q/nightly"), std::string::npos);
  EXPECT_NE(planned.order("nightli", "").find("Did you mean 'nightly'?"), std::string::npos);
}

TEST(Plan, ASelectionCrossesPipelines) {
  Planned planned(Pipelines{{"p", "a\n"}, {"q", "external a\nb <- a\n"}});
  EXPECT_EQ(planned.order("", "+b"), "a b");
}

TEST(Plan, LeavesAreFoundIgnoringCleanUpChildren) {
  Planned planned(
      Pipelines{{"p", "a\nb <- a\ntask tidy <- all_done(~b)\ntask log <- always(~a)\n"}});
  EXPECT_EQ(planned.leaves("*"), "b tidy log");
  EXPECT_EQ(planned.leaves("a,b"), "b");
}

TEST(Plan, ATaskWithOneOrdinaryParentIsNoCleanUp) {
  Planned planned(Pipelines{{"p", "a\nb\nc <- a optional(b)\n"}});
  EXPECT_EQ(planned.leaves("*"), "c");
}

TEST(Plan, InputsFromOutsideMustExistUnlessTheyAreOptional) {
  Planned planned(Pipelines{{"p", "a\nb <- a\nc <- optional(a)\nd <- last_good(b)\n"}});
  EXPECT_EQ(planned.run("b"), nullptr);
  EXPECT_EQ(planned.refused.error(), base::kErrInputMissing);
  const engine::Run* run = planned.run("c");
  ASSERT_NE(run, nullptr);
  ASSERT_EQ(run->row.pins.size(), 1u);
  EXPECT_EQ(run->row.pins[0].of, (engine::AssetPartition{"a", ""}));
  EXPECT_EQ(run->row.pins[0].materialization, 0);
  EXPECT_EQ(run->tasks[0].inputs[0].pin, 0);
  EXPECT_EQ(run->tasks[0].inputs[0].parent, -1);
}

TEST(Plan, LastGoodIsPinnedEvenWhenItsProducerIsInTheRun) {
  Planned planned(Pipelines{{"p", "a\nb <- last_good(a)\n"}});
  EXPECT_EQ(planned.run("a,b"), nullptr);
  EXPECT_EQ(planned.refused.error(), base::kErrInputMissing);
}

TEST(Plan, UnknownNamesAndEmptySelectionsAreRefused) {
  Planned planned(Pipelines{{"p", "a\nb\n"}});
  EXPECT_NE(planned.order("", "aa").find("no asset or task is named 'aa'"), std::string::npos);
  EXPECT_NE(planned.order("", "a and b").find("matches no task"), std::string::npos);
  EXPECT_EQ(planned.run(""), nullptr);
  EXPECT_EQ(planned.refused.error(), base::kErrUsage);
}

}  // namespace
}  // namespace weir::engine
