// weir freshness and weir assets observe as far as no scheduler is needed: what bad input gets
// before anybody is asked, what asks first, and how a policy is shown.
// Each test stands alone; stdin is no terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/app.h"
#include "cli/display/freshness_text.h"
#include "cli/text/duration.h"
#include "cli/values.h"

namespace weir::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct FreshnessOutput {
  int code = 0;
  std::string out;
  std::string err;
};

// Where nobody listens: a command that gets so far ends with 4.
FreshnessOutput weir_alone(std::vector<std::string> arguments) {
  if (arguments.front() != "__complete") {
    arguments.insert(arguments.end(), {"--scheduler", "127.0.0.1:1"});
  }
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  FreshnessOutput output;
  output.code = run_command_line(std::move(arguments));
  output.out = testing::internal::GetCapturedStdout();
  output.err = testing::internal::GetCapturedStderr();
  return output;
}

void expect_refused(std::vector<std::string> arguments, const std::string& said) {
  const FreshnessOutput output = weir_alone(std::move(arguments));
  EXPECT_EQ(output.code, 2) << output.err;
  EXPECT_THAT(output.out, IsEmpty());
  EXPECT_THAT(output.err, HasSubstr(said));
}

TEST(FreshnessCommandTest, WhatCannotBeMeantIsRefusedBeforeAnybodyIsAsked) {
  expect_refused({"freshness", "list", "--state", "fial"}, "Did you mean 'fail'?");
  expect_refused({"freshness", "show"}, "ASSET");
  expect_refused({"freshness", "pause"}, "give --all");
  expect_refused({"freshness", "resume", "a", "--all"}, "not both");
  expect_refused({"freshness", "set", "a"}, "either --max-age");
  expect_refused({"freshness", "set", "a", "--max-age", "26h", "--by", "0 9 * * *"}, "either");
  expect_refused({"freshness", "set", "a", "--max-age", "long"}, "--max-age: 'long'");
  expect_refused({"freshness", "unset"}, "ASSET");
  expect_refused({"assets", "observe", "a", "--at", "whenever"}, "'whenever'");
  expect_refused({"assets", "observe"}, "ASSET");
}

TEST(FreshnessCommandTest, WhatReachesAllAsksFirst) {
  expect_refused({"freshness", "pause", "--all"}, "Pause all freshness policies?");
  expect_refused({"freshness", "resume", "--all"}, "--yes");
  EXPECT_EQ(weir_alone({"freshness", "pause", "--all", "--yes"}).code, 4);
}

TEST(FreshnessCommandTest, GoodOnesGetAsFarAsTheScheduler) {
  EXPECT_EQ(weir_alone({"freshness", "list", "--state", "not_applicable"}).code, 4);
  EXPECT_EQ(weir_alone({"freshness", "set", "a", "--by", "0 9 * * *", "--lower-bound", "1h",
                        "--warn-before", "30m", "--observe-only"})
                .code,
            4);
  EXPECT_EQ(weir_alone({"freshness", "unset", "a"}).code, 4);
  EXPECT_EQ(weir_alone({"freshness", "resume", "a", "b", "--reason", "why"}).code, 4);
  EXPECT_EQ(weir_alone({"assets", "observe", "a", "--at", "2h", "--version", "7"}).code, 4);
}

TEST(FreshnessCommandTest, CompletionOffersItsCommands) {
  EXPECT_EQ(weir_alone({"__complete", "--", "freshness", "sh"}).out, "show\n");
  EXPECT_EQ(weir_alone({"__complete", "--", "freshness", "un"}).out, "unset\n");
  EXPECT_EQ(weir_alone({"__complete", "--", "assets", "ob"}).out, "observe\n");
  EXPECT_THAT(weir_alone({"__complete", "--", "freshness", "pause", "a", ""}).err, IsEmpty());
}

TEST(FreshnessTextTest, SaysStateAgeAndWhatComes) {
  v1::Freshness one;
  one.set_asset("report");
  one.set_state(v1::FRESHNESS_STATE_UNKNOWN);
  EXPECT_EQ(freshness_state(one).text, "unknown");
  EXPECT_EQ(age_text(one), "-");
  EXPECT_EQ(change_text(one), "when it is first made");
  EXPECT_THAT(freshness_description(Painter(false), one), HasSubstr("never made"));
  one.set_state(v1::FRESHNESS_STATE_WARN);
  one.set_paused(true);
  one.set_paused_by("ann@laptop");
  one.set_pause_reason("\x1b[31mwhy");
  one.set_age_ms(7'200'000);
  set_time(base::WallTime(std::chrono::hours(500'000)), one.mutable_last_at());
  set_time(base::WallTime(std::chrono::hours(500'010)), one.mutable_next_change_at());
  one.set_next_state(v1::FRESHNESS_STATE_FAIL);
  one.set_failures(3);
  EXPECT_EQ(freshness_state(one).text, "warn, paused");
  EXPECT_EQ(age_text(one), "2 h 00 m");
  EXPECT_THAT(change_text(one), HasSubstr("fail at 2027-"));
  const std::string text = freshness_description(Painter(false), one);
  EXPECT_THAT(text, HasSubstr("2 h 00 m ago"));
  EXPECT_THAT(text, HasSubstr("by ann@laptop: "));
  EXPECT_THAT(text, HasSubstr("3 in a row"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace weir::cli
