// Schedules of a manifest: the way through JSON, and what is refused of one, member by member.
// The text of messages is held where people act on it.
// Each test changes one thing of a schedule that is valid.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "module/manifest.h"
#include "module/schedule_check.h"

namespace weir::module {
namespace {

using base::Json;
using base::Status;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ScheduleSpec nightly() { return {.name = "nightly", .job = "daily", .crons = {"0 2 * * *"}}; }

ScheduleSpec full() {
  ScheduleSpec out = nightly();
  out.name = "full";
  out.crons = {"0 6 * * mon-fri", "0 12 * * sat"};
  out.zone = "America/New_York";
  out.params = R"({"train":{"epochs":5}})";
  out.time_params = {"train.day", "train.since"};
  out.days_off = {{"2026-12-25", "holidays"}, {"2027-01-01", "holidays"}, {"2026-12-24", "except"}};
  out.start = "2026-12-01";
  out.end = "2027-12-01T09:00";
  out.jitter_ms = 120'000;
  out.catch_up = CatchUp::kLast;
  out.catch_up_runs = 5;
  out.catch_up_window_ms = 48 * 3'600'000;
  out.overlap = Overlap::kSkip;
  out.paused = true;
  return out;
}

Manifest with(std::vector<ScheduleSpec> schedules) {
  Manifest out;
  out.pipeline = "p";
  out.stages.resize(1);
  out.stages[0].name = "work";
  out.params = {{"train", "p", "{epochs:i32,rate:f64,day:date,since:optional<time<i64,1/1>>}",
                 R"({"epochs":3,"rate":0.5,"day":"2026-01-01","since":null})"}};
  out.jobs = {{"daily", "*", 0}};
  out.schedules = std::move(schedules);
  return out;
}

TEST(Schedules, SurviveTheWayThroughJson) {
  const Json json = manifest_to_json(with({nightly(), full()}));
  const auto back = manifest_from_json(json);
  ASSERT_TRUE(back.ok()) << back.status().text();
  ASSERT_EQ(back->schedules.size(), 2u);
  EXPECT_EQ(back->schedules[0], nightly());
  EXPECT_EQ(back->schedules[1], full());
}

TEST(Schedules, WriteWhatIsNoDefault) {
  const std::string text = manifest_to_json(with({nightly()})).dump();
  EXPECT_THAT(text, HasSubstr(R"("schedules":[{"name":"nightly","job":"daily",)"
                              R"("crons":["0 2 * * *"]}])"));
  EXPECT_THAT(manifest_to_json(with({})).dump(), Not(HasSubstr("schedules")));
  EXPECT_THAT(manifest_to_json(with({full()})).dump(),
              AllOf(HasSubstr(R"("params":{"train":{"epochs":5}})"),
                    HasSubstr(R"({"calendar":"holidays","days":["2026-12-25","2027-01-01"]})")));
}

TEST(Schedules, OlderFormatsHaveNone) {
  for (const char* text : {R"({"format":1,"pipeline":"p"})", R"({"format":2,"pipeline":"p"})"}) {
    const auto manifest = manifest_from_json(Json::parse(text).value());
    ASSERT_TRUE(manifest.ok()) << manifest.status().text();
    EXPECT_TRUE(manifest->schedules.empty());
  }
}

TEST(Schedules, WrongMembersAreNamedByPath) {
  const auto message = [](const std::string& schedule) {
    const auto result = manifest_from_json(
        Json::parse(R"({"format":3,"pipeline":"p","schedules":[)" + schedule + "]}").value());
    return result.ok() ? "" : result.status().message();
  };
  EXPECT_THAT(message(R"({"job":"a"})"), HasSubstr("schedules[0].name: a string"));
  EXPECT_THAT(message(R"({"name":"a","job":"a","crons":[3]})"),
              HasSubstr("schedules[0].crons[0]: a string"));
  EXPECT_THAT(message(R"({"name":"a","job":"a","overlap":"often"})"),
              HasSubstr("schedules[0].overlap: unknown value \"often\""));
  EXPECT_THAT(message(R"({"name":"a","job":"a","days_off":[{"days":[]}]})"),
              HasSubstr("schedules[0].days_off[0].calendar: a string"));
}

// What is said of the full schedule with one thing changed.
std::string refusal(const std::function<void(ScheduleSpec&)>& change) {
  ScheduleSpec spec = full();
  change(spec);
  return validate_manifest(with({spec})).message();
}

TEST(ValidateSchedules, AcceptWhatUsesEverything) {
  const Status status = validate_manifest(with({nightly(), full()}));
  EXPECT_TRUE(status.ok()) << status.text();
}

TEST(ValidateSchedules, NamesAreNamesAndOneOfAKind) {
  EXPECT_THAT(validate_manifest(with({nightly(), nightly()})).message(),
              HasSubstr("schedule 'nightly' is declared twice"));
  EXPECT_THAT(refusal([](auto& spec) { spec.name = "Every Night"; }),
              HasSubstr("schedule 'Every Night': "));
}

TEST(ValidateSchedules, TheJobIsDeclared) {
  const auto wrong = [](auto& spec) { spec.job = "dayly"; };
  EXPECT_THAT(refusal(wrong), HasSubstr("Did you mean 'daily'?"));
}

TEST(ValidateSchedules, CronExpressionsKeepTheirCaret) {
  EXPECT_THAT(refusal([](auto& spec) { spec.crons.clear(); }), HasSubstr("no cron expression"));
  const std::string text = refusal([](auto& spec) { spec.crons[1] = "0 25 * * *"; });
  EXPECT_THAT(text, AllOf(HasSubstr("schedule 'full': cron '0 25 * * *', hour: '25' is out of"),
                          HasSubstr("    0 25 * * *\n      ^~")));
}

TEST(ValidateSchedules, ZonesAreKnown) {
  const auto wrong = [](auto& spec) { spec.zone = "America/NewYork"; };
  EXPECT_THAT(refusal(wrong), HasSubstr("Did you mean 'America/New_York'?"));
  EXPECT_EQ(refusal([](auto& spec) { spec.zone = "US/Eastern"; }), "");
}

TEST(ValidateSchedules, WhatTakesTheTimeIsAMemberThatHoldsOne) {
  const auto given = [](const char* member) {
    return refusal([&](ScheduleSpec& spec) { spec.time_params = {member}; });
  };
  EXPECT_THAT(given("train.epochs"), AllOf(HasSubstr("epochs cannot take"), HasSubstr("sys_time")));
  EXPECT_THAT(given("train.dey"), HasSubstr("Did you mean 'day'?"));
  EXPECT_THAT(given("trian.day"), HasSubstr("Did you mean 'train'?"));
  EXPECT_THAT(given("train"), HasSubstr("NAME.MEMBER"));
  EXPECT_THAT(given("train."), HasSubstr("schedule 'full': parameter 'train'"));
}

TEST(ValidateSchedules, DaysOffExist) {
  EXPECT_THAT(refusal([](auto& spec) { spec.days_off[1].day = "2027-02-30"; }),
              HasSubstr("calendar 'holidays': day '2027-02-30': the calendar has no such day"));
  EXPECT_THAT(refusal([](auto& spec) { spec.days_off[1].calendar = "Feiertage"; }),
              HasSubstr("its calendar 'Feiertage'"));
  EXPECT_THAT(refusal([](auto& spec) {
                spec.days_off.resize(kDaysOffMax + 1, {"2026-12-25", "x"});
              }),
              HasSubstr("10000 at most"));
}

TEST(ValidateSchedules, LimitsHold) {
  EXPECT_THAT(refusal([](auto& spec) { spec.jitter_ms = -1; }), HasSubstr("jitter"));
  EXPECT_EQ(refusal([](auto& spec) { spec.jitter_ms = kJitterMsMax; }), "");
  EXPECT_THAT(refusal([](auto& spec) { spec.jitter_ms = kJitterMsMax + 1; }), HasSubstr("jitter"));
  EXPECT_THAT(refusal([](auto& spec) { spec.catch_up_runs = 0; }), HasSubstr("the last 0 runs"));
  EXPECT_THAT(refusal([](auto& spec) { spec.catch_up = CatchUp::kAll; }),
              HasSubstr("belongs to 'last', not to 'all'"));
  EXPECT_THAT(refusal([](auto& spec) { spec.catch_up_window_ms = -1; }), HasSubstr("window"));
}

TEST(ValidateSchedules, TimesAreTimesAndInOrder) {
  EXPECT_THAT(refusal([](auto& spec) { spec.start = "tomorrow"; }),
              HasSubstr("its start: time 'tomorrow'"));
  EXPECT_THAT(refusal([](auto& spec) { spec.end = "2026-12-32"; }), HasSubstr("its end: "));
  EXPECT_THAT(refusal([](auto& spec) { spec.end = spec.start; }), HasSubstr("is not after"));
}

TEST(ValidateSchedules, ParametersFitThoseOfThePipeline) {
  EXPECT_THAT(refusal([](auto& spec) { spec.params = R"({"trian":{}})"; }),
              HasSubstr("Did you mean 'train'?"));
  EXPECT_THAT(refusal([](auto& spec) { spec.params = R"({"train":{"epoch":5}})"; }),
              AllOf(HasSubstr("parameter 'train'"), HasSubstr("epochs")));
  EXPECT_THAT(refusal([](auto& spec) { spec.params = R"({"train":{"epochs":"many"}})"; }),
              HasSubstr("epochs"));
  EXPECT_THAT(refusal([](auto& spec) { spec.params = R"({"train":5})"; }),
              HasSubstr("JSON object"));
  EXPECT_THAT(refusal([](auto& spec) { spec.params = "[]"; }), HasSubstr("JSON object"));
  EXPECT_THAT(refusal([](auto& spec) { spec.params = "{"; }), HasSubstr("JSON object"));
}

TEST(ValidateSchedules, EverythingIsSaidAtOnce) {
  const Status status = validate_manifest(with({{.name = "a", .job = "no", .zone = "Mars/Base"}}));
  EXPECT_EQ(status.error(), base::kErrUnknownJob);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("Mars/Base"), HasSubstr("no cron expression"), HasSubstr("'no'")));
}

}  // namespace
}  // namespace weir::module
