// Alert rules in a manifest: what is taken, what is refused with the rule's name, and that they
// survive being written and read.
// Pure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module/alert_check.h"
#include "module/manifest.h"

namespace weir::module {
namespace {

using ::testing::HasSubstr;

Manifest with_alert(const AlertSpec& alert) {
  Manifest manifest;
  manifest.pipeline = "shop";
  manifest.sdk_version = "test";
  StageSpec stage;
  stage.name = "report";
  stage.outputs = {{"report", "t", ""}};
  stage.rules = {TriggerRule::kAllSuccess};
  manifest.stages.push_back(std::move(stage));
  manifest.jobs.push_back({"daily", "report", 0});
  manifest.alerts.push_back(alert);
  return manifest;
}

std::string refusal(const AlertSpec& alert) {
  return validate_manifest(with_alert(alert)).message();
}

AlertSpec failed(const std::string& about = "daily") {
  AlertSpec alert;
  alert.name = "bad";
  alert.about = about;
  return alert;
}

TEST(AlertSpecs, SurviveBeingWrittenAndRead) {
  AlertSpec slow = failed();
  slow.event = AlertEvent::kRunSlow;
  slow.threshold = 7'200'000;
  slow.webhook = "https://hooks.example/x";
  slow.secret = "env:WEIR_SECRET_HOOK";
  const Manifest manifest = with_alert(slow);
  ASSERT_EQ(validate_manifest(manifest).text(), Status().text());
  const auto back = manifest_from_json(manifest_to_json(manifest));
  ASSERT_TRUE(back.ok()) << back.status().text();
  ASSERT_EQ(back->alerts.size(), 1u);
  EXPECT_EQ(back->alerts[0], slow);
}

TEST(AlertSpecs, OfWhatIsUsualSurviveBeingWrittenAndRead) {
  AlertSpec slow = failed();
  slow.event = AlertEvent::kRunSlow;
  slow.over_usual = true;
  const auto back = manifest_from_json(manifest_to_json(with_alert(slow)));
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_EQ(back->alerts.at(0), slow);
}

TEST(AlertSpecs, AreAboutWhatThePipelineHas) {
  EXPECT_THAT(refusal(failed("dayly")), HasSubstr("Did you mean 'daily'?"));
  AlertSpec stale = failed("reprot");
  stale.event = AlertEvent::kFreshnessFail;
  EXPECT_THAT(refusal(stale), HasSubstr("Did you mean 'report'?"));
  AlertSpec disk = failed();
  disk.event = AlertEvent::kDiskLow;
  EXPECT_THAT(refusal(disk), HasSubstr("make that rule by command"));
}

TEST(AlertSpecs, SayWhereTheyTellAndNeverASecret) {
  AlertSpec alert = failed();
  alert.webhook = "hooks.example";
  EXPECT_THAT(refusal(alert), HasSubstr("alert rule 'bad': a webhook begins with https://"));
  alert.webhook = "https://user:pw@hooks.example";
  EXPECT_THAT(refusal(alert), HasSubstr("--alerts-config"));
  alert.webhook = "https://hooks.example";
  alert.secret = "hunter2";
  EXPECT_THAT(refusal(alert), HasSubstr("given as a reference"));
  EXPECT_THAT(refusal(alert), ::testing::Not(HasSubstr("hunter2")));
  alert.channel = "team";
  EXPECT_EQ(alert_problems(alert).size(), 2u);
}

TEST(AlertSpecs, HaveTheThresholdOfTheirEvent) {
  AlertSpec alert = failed();
  alert.threshold = 5;
  EXPECT_THAT(refusal(alert), HasSubstr("run_failed has no limit"));
  alert.event = AlertEvent::kRunSlow;
  EXPECT_THAT(refusal(alert), HasSubstr("from one second to a year"));
  alert.over_usual = true;
  EXPECT_THAT(refusal(alert), HasSubstr("a time or the usual p95, not both"));
  alert.threshold = 0;
  EXPECT_EQ(refusal(alert), "");
  alert.event = AlertEvent::kTickMissed;
  EXPECT_THAT(refusal(alert), HasSubstr("only run_slow knows a usual p95"));
  alert = failed("report");
  alert.event = AlertEvent::kTaskFailed;
  alert.threshold = 5;
  EXPECT_EQ(refusal(alert), "");
  alert.threshold = 0;
  EXPECT_THAT(refusal(alert), HasSubstr("from 1 to"));
}

TEST(AlertSpecs, HaveNamesOfTheirOwn) {
  Manifest twice = with_alert(failed());
  twice.alerts.push_back(failed());
  EXPECT_THAT(validate_manifest(twice).message(), HasSubstr("'bad' is declared twice"));
}

}  // namespace
}  // namespace weir::module
