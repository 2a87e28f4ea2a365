// From declared alerts to the manifest, and that what cannot be is refused there with the rule's
// name.
// Nothing runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/src/pipeline_manifest.h"
#include "weir/weir.h"

namespace weir::sdk_impl {
namespace {

using namespace std::chrono_literals;
using module::AlertEvent;
using module::AlertSpec;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AlertSpecsOfPipeline : public ::testing::Test {
 protected:
  std::vector<AlertSpec> specs() {
    const auto manifest = full_manifest_of(pipeline_.record());
    EXPECT_TRUE(manifest.ok()) << manifest.status().text();
    EXPECT_TRUE(check_manifest(*manifest).ok()) << check_manifest(*manifest).text();
    return manifest->alerts;
  }
  std::string refusal() { return check_manifest(*full_manifest_of(pipeline_.record())).message(); }

  Pipeline pipeline_{"p"};
  Asset<int> numbers_ = pipeline_.asset("numbers", [] { return 1; });
  Job daily_ = pipeline_.job("daily", upstream_of(numbers_));
};

TEST_F(AlertSpecsOfPipeline, EverythingThatIsDeclaredArrives) {
  daily_.alert(on_failure().to("team"))
      .alert(on_slow(2h).webhook("https://hooks.example/x").secret("env:WEIR_SECRET_HOOK"))
      .alert(on_slower_than_usual().to("team").named("unusual"))
      .alert(on_late_tick(5min).named("late"));
  numbers_.alert(on_failed_attempts(3).to("team")).alert(on_stale().to("team"));
  EXPECT_THAT(
      specs(),
      ElementsAre(AlertSpec{.name = "daily/run_failed", .about = "daily", .channel = "team"},
                  AlertSpec{.name = "daily/run_slow",
                            .event = AlertEvent::kRunSlow,
                            .about = "daily",
                            .threshold = 7'200'000,
                            .webhook = "https://hooks.example/x",
                            .secret = "env:WEIR_SECRET_HOOK"},
                  AlertSpec{.name = "unusual",
                            .event = AlertEvent::kRunSlow,
                            .about = "daily",
                            .channel = "team",
                            .over_usual = true},
                  AlertSpec{.name = "late",
                            .event = AlertEvent::kTickMissed,
                            .about = "daily",
                            .threshold = 300'000},
                  AlertSpec{.name = "numbers/task_failed",
                            .event = AlertEvent::kTaskFailed,
                            .about = "numbers",
                            .threshold = 3,
                            .channel = "team"},
                  AlertSpec{.name = "numbers/freshness_fail",
                            .event = AlertEvent::kFreshnessFail,
                            .about = "numbers",
                            .channel = "team"}));
}

TEST_F(AlertSpecsOfPipeline, TwoOfAKindHaveTwoNames) {
  daily_.alert(on_failure().to("team")).alert(on_failure().to("pager"));
  const auto alerts = specs();
  ASSERT_EQ(alerts.size(), 2u);
  EXPECT_EQ(alerts[0].name, "daily/run_failed");
  EXPECT_EQ(alerts[1].name, "daily/run_failed_2");
}

TEST_F(AlertSpecsOfPipeline, AMemberOfAGroupIsWatchedByTheTaskThatMakesIt) {
  const auto [low, high] = pipeline_.assets({"low", "high"}, [] { return std::tuple(1, 2); });
  high.alert(on_failed_attempts()).alert(on_failed_check());
  const auto alerts = specs();
  ASSERT_EQ(alerts.size(), 2u);
  EXPECT_EQ(alerts[0].about, "low");
  EXPECT_EQ(alerts[1].about, "high");
}

TEST_F(AlertSpecsOfPipeline, WhatCannotBeIsRefusedWithTheName) {
  daily_.alert(on_slow(0s).to("team"));
  EXPECT_THAT(refusal(), HasSubstr("alert rule 'daily/run_slow': the limit is from one second"));
}

TEST_F(AlertSpecsOfPipeline, WhatAnExecutorSendsHasNone) {
  daily_.alert(on_failure());
  EXPECT_THAT(manifest_of(pipeline_.record()).alerts, IsEmpty());
}

}  // namespace
}  // namespace weir::sdk_impl
