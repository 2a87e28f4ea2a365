// Manifests survive the way through JSON, and what cannot work is refused with every problem named.
// The text of messages is held only where people act on it: names, suggestions and the path of a
// cycle.
#include "module/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::module {
namespace {

using base::Code;
using base::Json;
using base::Status;

using ::testing::HasSubstr;

DependencySpec on(std::string name, std::string type = "t") {
  return {DependencyKind::kAsset, std::move(name), std::move(type), 0, false};
}

StageSpec stage(const std::string& asset, std::vector<DependencySpec> dependencies = {}) {
  StageSpec out;
  out.name = asset;
  out.outputs = {{asset, "t", "{x:i32;}"}};
  out.dependencies = std::move(dependencies);
  return out;
}

Manifest sample() {
  Manifest out;
  out.pipeline = "flights";
  out.sdk_version = "0.1.0";
  out.compiler = "gcc 12";
  out.architecture = "x86_64";
  StageSpec full = stage("clean", {on("raw"), {DependencyKind::kParam, "limits", "p", 0, false}});
  full.dependencies.push_back({DependencyKind::kLastGood, "crm/customers", "e", 0, false});
  full.dependencies.push_back({DependencyKind::kSelfPrevious, "", "t", 0, true});
  full.dependencies.push_back({DependencyKind::kResource, "db", "", 0, false});
  full.dependencies.push_back({DependencyKind::kCursor, "", "c", 0, false});
  full.dependencies.push_back({DependencyKind::kAfter, "notify", "", 1, false});
  full.rules = {TriggerRule::kNoneFailedMinOneSuccess, TriggerRule::kAllDone};
  full.retry = {3, 2000};
  full.timeout_ms = 60'000;
  full.priority = -2;
  full.side_effects = true;
  full.code_version = "abc";
  full.checks = {{"clean", "volume", CheckSeverity::kBlocking},
                 {"clean", "range", CheckSeverity::kWarn}};
  full.owner = "team";
  full.group = "core";
  full.note = "drops \"bad\" rows";
  StageSpec task;
  task.name = "notify";
  out.stages = {stage("raw"), full, task};
  out.externals = {{"crm/customers", "e", "[string]"}};
  out.params = {{"limits", "p", "{max:i32;}", R"({"max":3})"}};
  out.resources = {"db"};
  out.jobs = {{"daily", "+clean", 5}};
  return out;
}

TEST(Manifest, SurvivesTheWayThroughJson) {
  const Json json = manifest_to_json(sample());
  const auto back = manifest_from_json(json);
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_EQ(manifest_to_json(back.value()), json);
  const StageSpec& clean = back.value().stages[1];
  EXPECT_EQ(clean.dependencies.size(), 7u);
  EXPECT_EQ(clean.dependencies[6].rule, 1);
  EXPECT_TRUE(clean.dependencies[3].optional);
  EXPECT_EQ(clean.rules[1], TriggerRule::kAllDone);
  EXPECT_EQ(clean.retry.delay_ms, 2000);
  EXPECT_EQ(clean.checks[0].severity, CheckSeverity::kBlocking);
  EXPECT_TRUE(clean.side_effects);
  EXPECT_EQ(back.value().params[0].defaults, R"({"max":3})");
  EXPECT_EQ(back.value().jobs[0].priority, 5);
}

TEST(Manifest, DefaultsAreLeftOutOfTheText) {
  Manifest manifest;
  manifest.pipeline = "p";
  manifest.stages = {stage("a")};
  const std::string text = manifest_to_json(manifest).dump();
  for (const char* absent : {"retry", "timeout", "rules", "side_effects", "note"}) {
    EXPECT_EQ(text.find(absent), std::string::npos) << absent;
  }
  EXPECT_EQ(manifest_from_json(manifest_to_json(manifest)).value().stages[0].rules,
            StageSpec{}.rules);
}

TEST(Manifest, UnknownMembersAreIgnored) {
  Json json = manifest_to_json(sample());
  json.set("from_the_future", 1);
  EXPECT_TRUE(manifest_from_json(json).ok());
}

TEST(Manifest, TheFirstFormatNamesRulesByAnotherWord) {
  const auto manifest = manifest_from_json(
      Json::parse(R"({"format":1,"pipeline":"p","stages":[{"name":"a","rules":["all_success",)"
                  R"("all_done"],"dependencies":[{"kind":"after","name":"b","group":1}]}]})")
          .value());
  ASSERT_TRUE(manifest.ok()) << manifest.status().text();
  EXPECT_EQ(manifest->stages[0].dependencies[0].rule, 1);
}

TEST(Manifest, ANewerFormatIsAPrecondition) {
  Json json = manifest_to_json(sample());
  json.set("format", kManifestFormat + 1);
  EXPECT_EQ(manifest_from_json(json).status().code(), Code::kFailedPrecondition);
}

TEST(Manifest, WrongMembersAreNamedByPath) {
  const auto message = [](std::string_view text) {
    const auto result = manifest_from_json(Json::parse(text).value());
    return result.ok() ? "" : result.status().message();
  };
  EXPECT_THAT(message("[]"), HasSubstr("an object was expected"));
  EXPECT_THAT(message(R"({"pipeline":"p"})"), HasSubstr("format"));
  EXPECT_THAT(message(R"({"format":1,"pipeline":3})"), HasSubstr("pipeline: a string"));
  EXPECT_THAT(message(R"({"format":1,"pipeline":"p","stages":[{"name":"a"},{"name":1}]})"),
              HasSubstr("stages[1].name: a string"));
  EXPECT_THAT(message(R"({"format":1,"pipeline":"p","stages":
              [{"name":"a","dependencies":[{"kind":"odd"}]}]})"),
              HasSubstr("stages[0].dependencies[0].kind: unknown value \"odd\""));
  EXPECT_THAT(message(R"({"format":1,"pipeline":"p","resources":[7]})"),
              HasSubstr("resources[0]: a string"));
  EXPECT_THAT(message(R"({"format":1,"pipeline":"p","stages":
              [{"name":"a","retry":{"max_attempts":99999999999}}]})"),
              HasSubstr("stages[0].retry.max_attempts"));
}

TEST(ValidateManifest, AcceptsAPipelineThatUsesEverything) {
  EXPECT_TRUE(validate_manifest(sample()).ok()) << validate_manifest(sample()).text();
}

Status problems(std::vector<StageSpec> stages) {
  Manifest manifest;
  manifest.pipeline = "p";
  manifest.stages = std::move(stages);
  return validate_manifest(manifest);
}

TEST(ValidateManifest, RefusesDuplicateNames) {
  const Status status = problems({stage("a"), stage("a")});
  EXPECT_EQ(status.error(), base::kErrDuplicateName);
  EXPECT_THAT(status.message(), HasSubstr("'a' is declared twice"));
}

TEST(ValidateManifest, RefusesATaskNamedLikeAnAsset) {
  StageSpec task;
  task.name = "a";
  EXPECT_EQ(problems({stage("a"), task}).error(), base::kErrDuplicateName);
}

TEST(ValidateManifest, RefusesMalformedNames) {
  EXPECT_EQ(problems({stage("Raw")}).error(), base::kErrBadName);
  Manifest manifest;
  manifest.pipeline = "My Pipeline";
  EXPECT_EQ(validate_manifest(manifest).error(), base::kErrBadName);
}

TEST(ValidateManifest, RefusesDanglingDependenciesWithTheNearestName) {
  const Status status = problems({stage("raw_flights"), stage("b", {on("raw_flihgts")})});
  EXPECT_EQ(status.error(), base::kErrUnknownDependency);
  EXPECT_THAT(status.message(), HasSubstr("Did you mean 'raw_flights'?"));
}

TEST(ValidateManifest, ShowsACycleAsAPath) {
  const Status status =
      problems({stage("start"), stage("a", {on("c"), on("start")}), stage("b", {on("a")}),
                stage("c", {on("b")}), stage("after", {on("c")})});
  EXPECT_EQ(status.error(), base::kErrCycle);
  EXPECT_THAT(status.message(), HasSubstr("→"));
  EXPECT_EQ(status.message().find("start"), std::string::npos);
}

TEST(ValidateManifest, AStageMustNotDependOnItself) {
  EXPECT_EQ(problems({stage("a", {on("a")})}).error(), base::kErrCycle);
}

TEST(ValidateManifest, LastGoodMayPointBack) {
  DependencySpec back = on("b");
  back.kind = DependencyKind::kLastGood;
  EXPECT_TRUE(problems({stage("a", {back}), stage("b", {on("a")})}).ok());
}

TEST(ValidateManifest, RefusesTypesThatDiffer) {
  EXPECT_EQ(problems({stage("a"), stage("b", {on("a", "other")})}).error(), base::kErrTypeMismatch);
}

TEST(ValidateManifest, RefusesChecksOnForeignAssetsAndTwins) {
  StageSpec wrong = stage("a");
  wrong.checks = {{"b", "volume", CheckSeverity::kWarn}};
  EXPECT_EQ(problems({wrong}).error(), base::kErrUnknownDependency);
  StageSpec twins = stage("a");
  twins.checks = {{"a", "volume", CheckSeverity::kWarn}, {"a", "volume", CheckSeverity::kError}};
  EXPECT_EQ(problems({twins}).error(), base::kErrDuplicateName);
}

TEST(ValidateManifest, RefusesParamsAndResourcesNobodyDeclared) {
  const DependencySpec param{DependencyKind::kParam, "p", "t", 0, false};
  const DependencySpec resource{DependencyKind::kResource, "r", "", 0, false};
  EXPECT_EQ(problems({stage("a", {param})}).error(), base::kErrUnknownDependency);
  EXPECT_EQ(problems({stage("a", {resource})}).error(), base::kErrUnknownDependency);
}

TEST(ValidateManifest, RefusesRulesAndBudgetsOutOfRange) {
  DependencySpec ruled = on("a");
  ruled.rule = 1;
  EXPECT_FALSE(problems({stage("a"), stage("b", {ruled})}).ok());
  StageSpec never = stage("a");
  never.retry.max_attempts = 0;
  EXPECT_FALSE(problems({never}).ok());
}

TEST(ValidateManifest, RefusesTextsThatAreNotUtf8) {
  StageSpec latin = stage("a");
  latin.owner = "M\xFCller";
  latin.note = "größer";
  const Status status = problems({latin});
  EXPECT_EQ(status.error(), base::kErrBadManifest);
  EXPECT_EQ(status.message(),
            "stage 'a': its owner is not valid UTF-8, byte 2 is 0xFC; give it as text in UTF-8");
}

TEST(ValidateManifest, NamesEveryProblem) {
  const Status status = problems({stage("A"), stage("b", {on("x")})});
  EXPECT_THAT(status.message(), HasSubstr("'A'"));
  EXPECT_THAT(status.message(), HasSubstr("'x'"));
  std::vector<StageSpec> many;
  for (int i = 0; i < 50; ++i) many.push_back(stage("A"));
  EXPECT_THAT(problems(many).message(), HasSubstr("… and 30 more problems"));
}

}  // namespace
}  // namespace weir::module
