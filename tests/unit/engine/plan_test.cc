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
    know(std::move(body));
  }
  explicit Planned(module::Manifest manifest) {
    RegisterModules body;
    ModuleUpload upload;
    upload.digest = base::sha256(manifest.pipeline);
    upload.manifest = std::make_shared<const module::Manifest>(std::move(manifest));
    body.modules.push_back(std::move(upload));
    know(std::move(body));
  }

  void check() const { engine_.check_invariants(); }

  void know(RegisterModules body) {
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

// Two layers, all of the second after all of the first.
module::Manifest layers(int parents, int children) {
  module::Manifest manifest;
  manifest.pipeline = "layers";
  std::vector<module::DependencySpec> all;
  for (int i = 0; i < parents; ++i) {
    const std::string name = "a" + std::to_string(i);
    module::StageSpec& stage = manifest.stages.emplace_back();
    stage.name = name;
    stage.outputs = {{name, "t", ""}};
    all.push_back({module::DependencyKind::kAsset, name, "t", 0, false});
  }
  for (int i = 0; i < children; ++i) {
    const std::string name = "b" + std::to_string(i);
    module::StageSpec& stage = manifest.stages.emplace_back();
    stage.name = name;
    stage.outputs = {{name, "t", ""}};
    stage.dependencies = all;
  }
  return manifest;
}

TEST(Plan, LayersAreLinkedByTheirSumAndNotByTheirProduct) {
  constexpr int kStages = 600;  // and as many pairs as a manifest has room for
  Planned planned(layers(kStages, kStages));
  const engine::Run* run = planned.run("*");
  ASSERT_NE(run, nullptr);
  const Links& links = *run->links;
  ASSERT_EQ(run->tasks.size(), 2u * kStages);
  EXPECT_EQ(links.parent_sets.size(), 2u);  // of those that wait for nobody, and of those for all
  EXPECT_EQ(run->parent_sets.size(), 2u);
  EXPECT_EQ(links.parent_sets[1].total, kStages);
  EXPECT_EQ(links.counted_in.items.size(), std::size_t(kStages));
  EXPECT_EQ(links.children.items.size(), 2u * kStages);
  EXPECT_EQ(links.sets_of_tasks.size(), 2u);
  EXPECT_EQ(links.inputs.size(), std::size_t(kStages));
  EXPECT_TRUE(run->tasks[0].decides == false && run->tasks[kStages].decides);
}

TEST(Plan, ThoseWithTheSameParentsUnderTheSameRuleShareThem) {
  Planned planned(Pipelines{{"p",
                             "a\nb\n"
                             "c <- a b\n"
                             "d <- b a\n"
                             "e <- a b [retry=3]\n"
                             "f <- one_failed(a b)\n"
                             "g <- a\n"
                             "h <- a ~a\n"
                             "i <- a b optional(none)\n"
                             "external none\n"}});
  const engine::Run* run = planned.run("*");
  ASSERT_NE(run, nullptr) << planned.refused.text();
  planned.check();
  std::map<std::string, std::int32_t> set;  // with parents, if there is one
  for (const Task& task : run->tasks) {
    for (const std::int32_t g : task.parent_sets) {
      const bool first = set.emplace(task.spec->name, g).second;
      if (!first && run->parent_sets[std::size_t(g)].total > 0) set[task.spec->name] = g;
    }
  }
  EXPECT_EQ(set["c"], set["d"]);
  EXPECT_EQ(set["c"], set["e"]);
  EXPECT_EQ(set["c"], set["i"]);  // whatever else they take
  EXPECT_NE(set["c"], set["f"]);
  EXPECT_NE(set["c"], set["g"]);
  EXPECT_NE(set["g"], set["h"]);  // one parent, counted twice
  EXPECT_EQ(set["a"], set["b"]);
  const auto& children = run->links->children;
  EXPECT_EQ(children.of(std::size_t(set["c"])).size(), 4u);
  EXPECT_EQ(children.of(std::size_t(set["g"])).size(), 1u);
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
