// What is said of one alert: that it fires, is over or was told once; its rule, or that there is
// none any more; who has silenced it; its message.
// Pure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/alerts/explain_alerts.h"

namespace weir::engine {
namespace {

using ::testing::ElementsAre;

base::WallTime at_second(std::int64_t second) {
  return base::WallTime(std::chrono::seconds(1'700'000'000 + second));
}

AlertRow failed_run() {
  AlertRow row;
  row.id = 16;
  row.rule = "bad";
  row.event = AlertEvent::kRunFailed;
  row.subject = "shop/daily";
  row.since = row.last = at_second(0);
  row.count = 3;
  row.text = "run 1 of shop/daily failed";
  row.next = "weir logs 1/a";
  row.delivery = AlertDelivery::kUndelivered;
  row.failure = "answered 500";
  return row;
}

AlertRuleRow rule() {
  AlertRuleRow row;
  row.name = "bad";
  row.selection = {"shop/*"};
  row.webhook = "https://hooks.example/T0/secret";
  return row;
}

std::vector<std::string> lines(const Explanation& explanation) {
  std::vector<std::string> out;
  for (const ExplainItem& item : explanation) out.push_back(words_of(item));
  return out;
}

TEST(ExplainedAlert, SaysItsRuleWhoIsToldAndWhoHasSilencedIt) {
  SilenceRow silence;
  silence.id = 7;
  silence.by = "ann@laptop";
  silence.until = at_second(3600);
  const AlertRuleRow known = rule();
  EXPECT_THAT(
      lines(explain_alert(failed_run(), &known, &silence)),
      ElementsAre("alert 16 of rule bad fires since 2023-11-14 22:13:20 UTC, 3 times, to "
                  "https://hooks.example, silenced by ann@laptop until 2023-11-14 23:13:20 "
                  "UTC: run 1 of shop/daily failed",
                  "its rule looks for run_failed of shop/*",
                  "its newest message is undelivered: answered 500", "next: weir logs 1/a"));
}

TEST(ExplainedAlert, SaysThatItIsOverAndThatItsRuleHasGone) {
  AlertRow row = failed_run();
  row.state = AlertState::kResolved;
  row.resolved_at = at_second(60);
  row.count = 1;
  row.delivery = AlertDelivery::kNone;
  EXPECT_THAT(lines(explain_alert(row, nullptr, nullptr)),
              ElementsAre("alert 16 of rule bad is over since 2023-11-14 22:14:20 UTC; it fired "
                          "since 2023-11-14 22:13:20 UTC: run 1 of shop/daily failed",
                          "its rule is there no more", "next: weir logs 1/a"));
}

TEST(ExplainedAlert, IsSilencedWhileASilenceLasts) {
  SilenceRow silence;
  silence.rule = "b*";
  silence.subject = "shop/*";
  silence.until = at_second(60);
  const std::map<std::int64_t, SilenceRow> silences{{1, silence}};
  EXPECT_NE(silence_of(silences, failed_run(), at_second(59)), nullptr);
  EXPECT_EQ(silence_of(silences, failed_run(), at_second(60)), nullptr);
  AlertRow other = failed_run();
  other.subject = "bank/daily";
  EXPECT_EQ(silence_of(silences, other, at_second(59)), nullptr);
}

TEST(ExplainedAlert, IsAboutWhatItsEventIsOf) {
  AlertRow row = failed_run();
  EXPECT_TRUE(alert_about_job(row, "shop/daily"));
  EXPECT_FALSE(alert_about_asset(row, "shop"));
  row.event = AlertEvent::kCheckFailed;
  row.subject = "orders/raw/rows";
  EXPECT_TRUE(alert_about_asset(row, "orders/raw"));
  EXPECT_FALSE(alert_about_asset(row, "orders"));
  EXPECT_FALSE(alert_about_job(row, "orders/raw/rows"));
  row.event = AlertEvent::kTaskFailed;
  row.subject = "shop:a";
  EXPECT_TRUE(alert_about_task(row, "shop:a"));
  EXPECT_FALSE(alert_about_asset(row, "shop:a"));
}

}  // namespace
}  // namespace weir::engine
