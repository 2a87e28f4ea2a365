// weir alerts as far as no scheduler is needed: what bad input gets before anybody is asked, what
// asks first, and how alerts and rules are shown.
// Each test stands alone; stdin is no terminal.
#include <gmock/gmock.h>
#include <google/protobuf/duration.pb.h>
#include <gtest/gtest.h>

#include "cli/app.h"
#include "cli/display/alert_text.h"

namespace weir::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct AlertOutput {
  int code = 0;
  std::string out;
  std::string err;
};

// Where nobody listens: a command that gets so far ends with 4.
AlertOutput alerts_alone(std::vector<std::string> arguments) {
  if (arguments.front() != "__complete") {
    arguments.insert(arguments.begin(), "alerts");
    arguments.insert(arguments.end(), {"--scheduler", "127.0.0.1:1"});
  }
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  AlertOutput output;
  output.code = run_command_line(std::move(arguments));
  output.out = testing::internal::GetCapturedStdout();
  output.err = testing::internal::GetCapturedStderr();
  return output;
}

void expect_alerts_refused(std::vector<std::string> arguments, const std::string& said) {
  const AlertOutput output = alerts_alone(std::move(arguments));
  EXPECT_EQ(output.code, 2) << output.err;
  EXPECT_THAT(output.out, IsEmpty());
  EXPECT_THAT(output.err, HasSubstr(said));
}

TEST(AlertCommandTest, WhatCannotBeMeantIsRefusedBeforeAnybodyIsAsked) {
  expect_alerts_refused({"create", "a"}, "--on");
  expect_alerts_refused({"create", "a", "--on", "run_fialed"}, "Did you mean 'run_failed'?");
  expect_alerts_refused({"create", "a", "--on", "run_slow", "--over", "soon"}, "soon");
  expect_alerts_refused(
      {"create", "a", "--on", "disk_low", "--webhook", "https://x", "--to", "ops"}, "not both");
  expect_alerts_refused({"edit", "a", "--on", "nothing"}, "run_failed, run_canceled");
  expect_alerts_refused({"list", "--since", "whenever"}, "'whenever'");
  expect_alerts_refused({"silence", "--rule", "a", "--until", "never"}, "'never'");
  expect_alerts_refused({"unsilence", "x"}, "SILENCE");
}

TEST(AlertCommandTest, SilencingAllAsksFirst) {
  expect_alerts_refused({"silence"}, "Silence all alerts?");
  EXPECT_EQ(alerts_alone({"silence", "--yes"}).code, 4);
}

TEST(AlertCommandTest, GoodOnesGetAsFarAsTheScheduler) {
  EXPECT_EQ(alerts_alone({"create", "a", "--on", "run_slow", "--over", "2h", "--for", "shop/*",
                          "--webhook", "https://x", "--secret", "file:/k"})
                .code,
            4);
  EXPECT_EQ(alerts_alone({"create", "a", "--on", "run_slow", "--over", "p95"}).code, 4);
  EXPECT_EQ(alerts_alone({"list", "--firing", "--since", "2d"}).code, 4);
  EXPECT_EQ(alerts_alone({"show", "17"}).code, 4);
  EXPECT_EQ(alerts_alone({"unsilence", "17"}).code, 4);
}

TEST(AlertCommandTest, CompletionOffersItsCommands) {
  EXPECT_EQ(alerts_alone({"__complete", "--", "alerts", "uns"}).out, "unsilence\n");
  EXPECT_THAT(alerts_alone({"__complete", "--", "alerts", "test", ""}).err, IsEmpty());
}

TEST(AlertTextTest, SaysWhatARuleLooksForAndWhereItTells) {
  v1::AlertRule rule;
  rule.set_event(v1::ALERT_EVENT_TASK_FAILED);
  rule.set_attempts(3);
  EXPECT_EQ(rule_event_text(rule), "task_failed from 3 attempts on");
  EXPECT_EQ(rule_target_text(rule), "-");
  rule.clear_attempts();
  rule.set_event(v1::ALERT_EVENT_RUN_SLOW);
  rule.mutable_limit()->set_seconds(7200);
  EXPECT_EQ(rule_event_text(rule), "run_slow over 2 h 00 m");
  rule.clear_limit();
  rule.set_over_usual(true);
  EXPECT_EQ(rule_event_text(rule), "run_slow over its usual p95");
  rule.set_webhook("https://hooks.example/T0/secret");
  EXPECT_EQ(rule_target_text(rule), "https://hooks.example/…");
  rule.set_webhook("https://hooks.example");
  EXPECT_EQ(rule_target_text(rule), "https://hooks.example");
  rule.clear_webhook();
  rule.set_channel("ops");
  EXPECT_EQ(rule_target_text(rule), "channel ops");
}

TEST(AlertTextTest, SaysWhatHappenedAndWhatBecameOfTheMessage) {
  v1::Alert alert;
  alert.set_id(16);
  alert.set_event(v1::ALERT_EVENT_RUN_FAILED);
  alert.set_state(v1::ALERT_STATE_FIRING);
  alert.set_subject("shop/daily");
  alert.set_text("run 1 failed\x1b[31m");
  alert.set_delivery(v1::ALERT_DELIVERY_UNDELIVERED);
  alert.set_failure("https://hooks.example answered 500");
  alert.set_next("weir logs 1/a");
  const std::string text = alert_description(Painter(false), alert);
  EXPECT_THAT(text, HasSubstr("undelivered: https://hooks.example answered 500"));
  EXPECT_THAT(text, HasSubstr("weir logs 1/a"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("resolved")));
}

}  // namespace
}  // namespace weir::cli
