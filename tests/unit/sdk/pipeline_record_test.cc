// What the typed surface writes into the records that the runtime reads, by the sample pipeline of
// tests/compat. No stage is called here; stage_call_test.cc does that. Pure.
// Records are values: nothing runs.
#include <gtest/gtest.h>

#include "tests/compat/samples/tickets.h"
#include "weir/weir.h"

namespace {

using namespace weir::impl;

const PipelineRecord& record() {
  static weir::Pipeline pipeline("tickets");
  static const auto assets = [] {
    auto made = tickets::define(pipeline);
    pipeline.external(kCustomers);
    return made;
  }();
  return pipeline.record();
}

const StageRecord& stage(std::string_view name) {
  for (const auto& each : record().stages) {
    if (each.name == name) return each;
  }
  throw weir::permanent("no stage " + std::string(name));
}

TEST(PipelineRecord, HoldsWhatWasDeclared) {
  EXPECT_EQ(record().name, "tickets");
  EXPECT_EQ(record().stages.size(), 13u);
  ASSERT_EQ(record().jobs.size(), 2u);
  EXPECT_EQ(record().jobs[0].selection, "+report");
  EXPECT_EQ(record().jobs[0].priority, 2);
  EXPECT_EQ(record().jobs[1].selection, "*");
  ASSERT_EQ(record().externals.size(), 1u);
  EXPECT_EQ(record().externals[0].asset, "crm/customers");
  EXPECT_EQ(record().externals[0].codec->schema, "[{id:i64,plan:string}]");
  ASSERT_EQ(record().resources.size(), 1u);
  EXPECT_EQ(record().params.at(0).name, "train");
}

TEST(PipelineRecord, OptionsReachTheirStage) {
  EXPECT_EQ(stage("raw").max_attempts, 3);
  EXPECT_EQ(stage("raw").retry_delay, std::chrono::seconds(2));
  EXPECT_EQ(stage("raw").owner, "crm@example.org");
  EXPECT_EQ(stage("model").timeout, std::chrono::hours(2));
  EXPECT_EQ(stage("model").priority, 5);
  EXPECT_EQ(stage("model").code_version, "3");
  EXPECT_EQ(stage("model").group, "training");
  EXPECT_EQ(stage("model").note, "ridge regression");
  EXPECT_TRUE(stage("announce").side_effects);
  EXPECT_FALSE(stage("model").side_effects);
  EXPECT_EQ(stage("region/eu").outputs.at(0).asset, "region/eu");
}

TEST(PipelineRecord, SeveralAssetsAreOneStage) {
  const auto& split = stage("train_set");
  ASSERT_EQ(split.outputs.size(), 2u);
  EXPECT_EQ(split.outputs[1].asset, "test_set");
  EXPECT_EQ(split.dependencies.at(1).name, "crm/customers");
}

TEST(PipelineRecord, TasksHaveNoOutputs) { EXPECT_TRUE(stage("announce").outputs.empty()); }

TEST(PipelineRecord, DependenciesStandInTheOrderOfTheParameters) {
  const auto& dependencies = stage("model").dependencies;
  ASSERT_EQ(dependencies.size(), 3u);
  EXPECT_EQ(dependencies[0].kind, DependencyKind::kAsset);
  EXPECT_EQ(dependencies[1].kind, DependencyKind::kParam);
  EXPECT_EQ(dependencies[2].kind, DependencyKind::kSelfPrevious);
  EXPECT_FALSE(dependencies[0].optional);
  EXPECT_TRUE(dependencies[2].optional);
  EXPECT_EQ(dependencies[2].codec, stage("model").outputs.at(0).codec);
  const auto& raw = stage("raw").dependencies;
  EXPECT_EQ(raw.at(0).kind, DependencyKind::kResource);
  EXPECT_EQ(raw.at(1).kind, DependencyKind::kCursor);
  EXPECT_EQ(raw.at(1).cursor->codec->schema, "{lsn:i64}");
}

TEST(PipelineRecord, EveryRuleFormsAGroup) {
  const auto& report = stage("report");
  EXPECT_EQ(report.rules,
            (std::vector<Rule>{Rule::kAllSuccess, Rule::kNoneFailedMinOneSuccess, Rule::kAllDone}));
  EXPECT_EQ(report.dependencies.at(0).rule, 1);
  EXPECT_EQ(report.dependencies.at(1).rule, 2);
  const auto& page = stage("page_somebody");
  EXPECT_EQ(page.rules.at(1), Rule::kOneFailed);
  EXPECT_EQ(page.dependencies.at(0).name, "model");
  EXPECT_EQ(page.dependencies.at(1).kind, DependencyKind::kAfter);
  EXPECT_EQ(page.dependencies.at(1).rule, 1);
}

TEST(PipelineRecord, OrderingOnlyDependenciesStandLast) {
  weir::Pipeline p("order");
  auto first = p.asset("first", [] { return 1; });
  auto second = p.asset("second", [] { return 2.0; });
  p.asset(
      "third", [](double) { return 3; }, weir::after(first), second);
  const auto& dependencies = p.record().stages.at(2).dependencies;
  EXPECT_EQ(dependencies.at(0).name, "second");
  EXPECT_EQ(dependencies.at(1).kind, DependencyKind::kAfter);
  EXPECT_EQ(dependencies.at(1).name, "first");
}

TEST(PipelineRecord, PlainDependenciesAndRulesMayBeMixed) {
  weir::Pipeline p("mixed");
  auto a = p.asset("a", [] { return 1; });
  auto b = p.asset("b", [] { return 2; });
  p.asset(
      "c", [](const weir::Input<int>&, int) { return 3; }, weir::none_failed(a), b);
  const auto& c = p.record().stages.at(2);
  EXPECT_EQ(c.dependencies.at(0).rule, 1);
  EXPECT_EQ(c.dependencies.at(1).rule, 0);
}

TEST(PipelineRecord, EveryRuleHasItsWrapper) {
  weir::Pipeline p("rules");
  auto a = p.asset("a", [] { return 1; });
  const auto stage_with = [](const weir::Input<int>&) {};
  p.task(
      "r0", [](int) {}, weir::all_success(a));
  p.task("r1", stage_with, weir::all_failed(a));
  p.task("r2", stage_with, weir::all_done(a));
  p.task("r3", stage_with, weir::all_done_min_one_success(a));
  p.task("r4", stage_with, weir::all_skipped(a));
  p.task("r5", stage_with, weir::one_failed(a));
  p.task("r6", stage_with, weir::one_success(a));
  p.task("r7", stage_with, weir::one_done(a));
  p.task("r8", stage_with, weir::none_failed(a));
  p.task("r9", stage_with, weir::none_failed_min_one_success(a));
  p.task("r10", stage_with, weir::none_skipped(a));
  p.task("r11", stage_with, weir::always(a));
  for (int rule = 0; rule < 12; ++rule) {
    const auto& made = p.record().stages.at(static_cast<std::size_t>(rule) + 1);
    EXPECT_EQ(static_cast<int>(made.rules.at(1)), rule) << made.name;
  }
}

TEST(PipelineRecord, FilesAndTreesTravelByPath) {
  weir::Pipeline p("files");
  p.asset("file", [] { return weir::File{"/tmp/a"}; });
  p.asset("tree", [] { return weir::Tree{"/tmp/b"}; });
  p.asset("table", [] { return weir::External{"s3://t", "4"}; });
  const auto codec = [&](std::size_t i) { return p.record().stages.at(i).outputs.at(0).codec; };
  EXPECT_EQ(codec(0)->kind, ValueKind::kFile);
  EXPECT_EQ(codec(0)->schema, "file");
  EXPECT_EQ(codec(1)->kind, ValueKind::kTree);
  EXPECT_EQ(codec(2)->kind, ValueKind::kExternal);
  const weir::File file{"/tmp/a"};
  EXPECT_EQ(codec(0)->encode(&file).path, "/tmp/a");
  const auto back = codec(0)->decode({{}, "/store/x"});
  EXPECT_EQ(static_cast<const weir::File*>(back.get())->path, "/store/x");
  const weir::External external{"s3://t", "4"};
  const auto bytes = codec(2)->encode(&external).bytes;
  const auto same = codec(2)->decode({bytes, {}});
  EXPECT_EQ(*static_cast<const weir::External*>(same.get()), external);
}

TEST(PipelineRecord, NamesMadeAtRunTimeAreChecked) {
  EXPECT_EQ(weir::name("region/eu_1").str(), "region/eu_1");
  EXPECT_THROW(weir::name("Region"), weir::Failure);
  EXPECT_THROW(weir::name(""), weir::Failure);
}

}  // namespace
