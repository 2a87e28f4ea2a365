// weir simulate as far as no scheduler is needed: what bad input gets before anybody is asked, how
// what people type becomes a request, and how an answer is shown.
// Each test stands alone; stdin is no terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/app.h"
#include "cli/display/simulation_text.h"
#include "cli/text/duration.h"
#include "cli/text/simulation_words.h"
#include "cli/values.h"

namespace weir::cli {
namespace {

using base::WallTime;
using std::chrono::hours;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const WallTime kBegin = WallTime(hours(500'000));  // 2027-01-15 08:00 UTC

struct SimulateOutput {
  int code = 0;
  std::string out;
  std::string err;
};

// Where nobody listens: a command that gets so far ends with 4.
SimulateOutput simulate_alone(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "simulate");
  arguments.insert(arguments.end(), {"--scheduler", "127.0.0.1:1"});
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  SimulateOutput output;
  output.code = run_command_line(std::move(arguments));
  output.out = testing::internal::GetCapturedStdout();
  output.err = testing::internal::GetCapturedStderr();
  return output;
}

void expect_refused(std::vector<std::string> arguments, const std::string& said) {
  const SimulateOutput output = simulate_alone(std::move(arguments));
  EXPECT_EQ(output.code, 2) << output.err;
  EXPECT_THAT(output.out, IsEmpty());
  EXPECT_THAT(output.err, HasSubstr(said));
}

TEST(SimulateCommandTest, WhatCannotBeReadIsRefusedBeforeAnybodyIsAsked) {
  expect_refused({"--for", "soon"}, "'soon'");
  expect_refused({"--from", "yesterdy"}, "'yesterdy'");
  expect_refused({"--fail", "train"}, "TASK@");
  expect_refused({"--fail", "train@2027-01-02..2027-01-01"}, "ends before it begins");
  expect_refused({"--duration", "train"}, "TASK=");
  expect_refused({"--duration", "train=long"}, "'long'");
  expect_refused({"--worker-down", "2027-01-01"}, "FROM..TO");
  expect_refused({"--slots", "0"}, "--slots");
  expect_refused({"--script", "/nowhere/at/all"}, "cannot read the script");
}

TEST(SimulateCommandTest, GoodOnesGetAsFarAsTheScheduler) {
  EXPECT_EQ(simulate_alone({}).code, 4);
  EXPECT_EQ(simulate_alone({"--for", "7d", "--fail", "train@+2h", "--duration", "train=10m",
                            "--worker-down", "+1h..+2h", "--slots", "3", "--timeline"})
                .code,
            4);
}

TEST(SimulateWordsTest, AScriptHasALineForEachThing) {
  v1::SimulateRequest request;
  const auto read = add_script(
      "# how it stood\n"
      "2027-01-14T20:00:00Z made raw\n"
      "\n"
      "2027-01-15 09:00:00Z run shop/daily  \n"
      "+2h fail train   # by itself\n"
      "+0s duration train=10m\n",
      kBegin, request);
  ASSERT_TRUE(read.ok()) << read.text();
  ASSERT_EQ(request.script_size(), 2);
  EXPECT_EQ(request.script(0).action(), "made");
  EXPECT_EQ(request.script(0).name(), "raw");
  EXPECT_EQ(request.script(0).at().seconds(), 500'000LL * 3'600 - 12 * 3'600);
  EXPECT_EQ(request.script(1).name(), "shop/daily");
  EXPECT_EQ(request.script(1).at().seconds(), 500'001LL * 3'600);
  ASSERT_EQ(request.failures_size(), 1);
  EXPECT_EQ(request.failures(0).task(), "train");
  EXPECT_EQ(request.failures(0).from().seconds(), 500'002LL * 3'600);
  ASSERT_EQ(request.durations_size(), 1);
  EXPECT_EQ(request.durations(0).ms(), 600'000);
}

TEST(SimulateWordsTest, ABadLineIsNamedByItsNumber) {
  v1::SimulateRequest request;
  EXPECT_THAT(add_script("+1h made raw\n+1h made\n", kBegin, request).message(),
              HasSubstr("line 2"));
  EXPECT_THAT(add_script("never made raw", kBegin, request).message(), HasSubstr("line 1"));
}

v1::SimulateResponse one_night() {
  v1::SimulateResponse answer;
  set_time(kBegin, answer.mutable_from());
  set_time(kBegin + hours(24), answer.mutable_until());
  auto* tick = answer.add_items();
  set_time(kBegin + hours(2), tick->mutable_at());
  tick->mutable_tick()->set_schedule("shop/daily");
  set_time(kBegin + hours(2), tick->mutable_tick()->mutable_nominal_at());
  tick->mutable_tick()->set_outcome(v1::TICK_OUTCOME_REQUESTED);
  auto* item = answer.add_items();
  set_time(kBegin + hours(2), item->mutable_at());
  v1::SimulatedRun& run = *item->mutable_run();
  run.set_job("shop/daily");
  run.set_state(v1::RUN_STATE_FAILED);
  set_time(kBegin + hours(2), run.mutable_started_at());
  set_time(kBegin + hours(3), run.mutable_finished_at());
  auto* task = run.add_tasks();
  task->set_name("train");
  task->set_state(v1::TASK_STATE_FAILED);
  auto* change = answer.add_items();
  set_time(kBegin + hours(4), change->mutable_at());
  change->mutable_freshness()->set_asset("model");
  change->mutable_freshness()->set_from("pass");
  change->mutable_freshness()->set_to("fail");
  answer.mutable_summary()->set_ticks(1);
  answer.mutable_summary()->set_runs(1);
  answer.mutable_summary()->set_failed(1);
  return answer;
}

TEST(SimulationTextTest, EachThingIsARow) {
  const v1::SimulateResponse answer = one_night();
  const Listing listing = simulation_listing(answer);
  ASSERT_EQ(listing.items.size(), 3u);
  EXPECT_THAT(summary_text(answer.summary()), HasSubstr("1 failed"));
}

TEST(SimulationTextTest, RefreshesOfAnAssetAreOneLineWhateverTheyRun) {
  v1::SimulateResponse answer = one_night();
  for (const char* selection : {"model", "model or features or raw"}) {
    auto* item = answer.add_items();
    set_time(kBegin + hours(5), item->mutable_at());
    v1::SimulatedRun& run = *item->mutable_run();
    run.set_selection(selection);
    run.mutable_origin()->set_kind(v1::ORIGIN_KIND_FRESHNESS);
    run.mutable_origin()->set_reference("model");
    set_time(kBegin + hours(5), run.mutable_started_at());
  }
  const std::string text = timeline_text(answer, 80);
  EXPECT_THAT(text, HasSubstr("model (refresh)"));
  EXPECT_THAT(text, Not(HasSubstr("features")));
}

TEST(SimulationTextTest, EveryTimeIsInTheZoneThatWasAskedFor) {
  v1::SimulateResponse answer = one_night();
  answer.mutable_items(0)->mutable_tick()->set_reason("2027-01-15T09:00:00Z took its place");
  answer.mutable_items(2)->mutable_freshness()->set_reason(
      "it was last made or verified at 2027-01-14T12:00:00Z");
  auto* alert = answer.add_items();
  set_time(kBegin, alert->mutable_at());
  alert->mutable_alert()->set_text("no result since 2027-01-14T12:00:00Z");
  ASSERT_TRUE(set_zone("Asia/Kolkata").ok());
  const std::string shown = simulation_listing(answer).table.render(Painter(false), 0);
  ASSERT_TRUE(set_zone("UTC").ok());
  EXPECT_THAT(shown, HasSubstr("2027-01-15 14:30:00 IST took its place"));
  EXPECT_THAT(shown, HasSubstr("verified at 2027-01-14 17:30:00 IST"));
  EXPECT_THAT(shown, HasSubstr("no result since 2027-01-14 17:30:00 IST"));
  EXPECT_THAT(shown, Not(HasSubstr("00Z")));
}

TEST(SimulationTextTest, ATimelineHasALineForEachScheduleAndAssetAndIsNoWiderThanTheScreen) {
  const std::string text = timeline_text(one_night(), 60);
  EXPECT_THAT(text, HasSubstr("shop/daily"));
  EXPECT_THAT(text, HasSubstr("model"));
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::size_t columns = 0;
    for (std::size_t i = begin; i < end; ++i) columns += (text[i] & 0xC0) != 0x80;
    EXPECT_LE(columns, 60u) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace weir::cli
