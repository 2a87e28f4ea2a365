// What weir::cron() and its options write into the records that the manifest is made of.
// The sample pipeline of tests/compat has one of each; names are tried here.
// Records are values: nothing runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compat/samples/tickets.h"
#include "weir/weir.h"

namespace {

using ::testing::ElementsAre;
using weir::impl::CatchUpKind;
using weir::impl::ScheduleRecord;

std::vector<ScheduleRecord> sample() {
  weir::Pipeline pipeline("tickets");
  tickets::define(pipeline);
  return pipeline.record().schedules;
}

std::vector<std::string> names_of(const weir::Pipeline& pipeline) {
  std::vector<std::string> names;
  for (const ScheduleRecord& schedule : pipeline.record().schedules) names.push_back(schedule.name);
  return names;
}

TEST(Schedules, EachCronOfAJobIsOne) {
  const auto schedules = sample();
  ASSERT_EQ(schedules.size(), 4u);
  EXPECT_EQ(schedules[0].name, "daily");
  EXPECT_EQ(schedules[0].job, "daily");
  EXPECT_THAT(schedules[0].crons, ElementsAre("0 2 * * *"));
  EXPECT_EQ(schedules[0].zone, "UTC");
  EXPECT_EQ(schedules[1].name, "daily_2");
  EXPECT_THAT(schedules[1].crons, ElementsAre("@every 90m"));
  EXPECT_EQ(schedules[1].zone, "Europe/Berlin");
}

TEST(Schedules, OptionsReachTheirRecord) {
  const ScheduleRecord full = sample()[2];
  EXPECT_EQ(full.name, "weekdays");
  EXPECT_EQ(full.job, "everything");
  EXPECT_THAT(full.crons, ElementsAre("0 6 * * mon-fri", "0 12 * * sat"));
  ASSERT_EQ(full.params.size(), 1u);
  EXPECT_EQ(full.params[0].name, "train");
  EXPECT_EQ(full.params[0].value, R"({"lambda":0.1,"epochs":5})");
  EXPECT_THAT(full.days_off, ElementsAre("2026-12-24", "2026-12-31"));
  ASSERT_EQ(full.calendars.size(), 1u);
  EXPECT_EQ(full.calendars[0].name, "holidays");
  EXPECT_THAT(full.calendars[0].days, ElementsAre("2026-12-25", "2027-01-01"));
  EXPECT_EQ(full.jitter, std::chrono::minutes(2));
  EXPECT_EQ(full.catch_up, CatchUpKind::kLast);
  EXPECT_EQ(full.catch_up_runs, 5);
  EXPECT_EQ(full.catch_up_window, std::chrono::hours(48));
  EXPECT_EQ(full.overlap, static_cast<int>(weir::Overlap::kSkip));
  EXPECT_EQ(full.start, "2026-12-01");
  EXPECT_EQ(full.end, "2028-01-01T09:00+01:00");
  EXPECT_TRUE(full.paused);
}

TEST(Schedules, TextsOfRunTimeAreKept) {
  const ScheduleRecord made = sample()[3];
  EXPECT_EQ(made.name, "everything");
  EXPECT_THAT(made.crons, ElementsAre("0 7 * * *"));
  EXPECT_EQ(made.catch_up, CatchUpKind::kAll);
  EXPECT_FALSE(made.paused);
}

TEST(Schedules, ANamedOneTakesNoNumber) {
  weir::Pipeline p("p");
  const auto job = p.job("a/b", weir::select("*"));
  job.cron("@daily").schedule(weir::cron("@hourly").named("often")).cron("@weekly");
  p.job("c", weir::select("*")).cron("@daily");
  EXPECT_THAT(names_of(p), ElementsAre("a/b", "often", "a/b_2", "c"));
}

TEST(Schedules, OptionsGiveACopy) {
  const weir::Schedule plain = weir::cron("@daily");
  const weir::Schedule paused = plain.paused().also("@hourly");
  EXPECT_FALSE(plain.record().paused);
  EXPECT_EQ(plain.record().crons.size(), 1u);
  EXPECT_TRUE(paused.record().paused);
}

TEST(Schedules, TheLastValueOfAParameterCounts) {
  weir::Pipeline p("p");
  const auto params = p.params<tickets::TrainParams>("train");
  const auto schedule =
      weir::cron("@daily").with(params, {.epochs = 5}).with(params, {.epochs = 6});
  ASSERT_EQ(schedule.record().params.size(), 1u);
  EXPECT_EQ(schedule.record().params[0].value, R"({"lambda":0.1,"epochs":6})");
}

struct Window {
  int rows = 5;
  std::chrono::sys_seconds from{};
  std::chrono::sys_seconds until{};
  std::optional<std::string> label;
};
struct Declared {
  std::string text;
  std::chrono::year_month_day day{};
  std::string cached;
  WEIR_FIELDS(text, day)
};

TEST(Schedules, AMemberOfAParameterTakesTheTimeUnderItsName) {
  weir::Pipeline p("p");
  const auto window = p.params<Window>("window");
  const auto declared = p.params<Declared>("declared");
  const weir::Schedule schedule = weir::cron("@daily")
                                      .with(window, {.rows = 6})
                                      .with(window, &Window::until, weir::scheduled_time)
                                      .with(window, &Window::label, weir::scheduled_time)
                                      .with(declared, &Declared::day, weir::scheduled_time);
  EXPECT_THAT(schedule.record().time_params,
              ElementsAre("window.until", "window.label", "declared.day"));
  EXPECT_EQ(schedule.record().params.size(), 1u);
}

TEST(ScheduledTime, IsWrittenInUtc) {
  using std::chrono::sys_days;
  const weir::ScheduledTime::TimePoint day = sys_days{std::chrono::year(2026) / 12 / 1};
  EXPECT_EQ(weir::ScheduledTime(day).text(), "2026-12-01T00:00:00Z");
  EXPECT_EQ(weir::ScheduledTime(day + std::chrono::microseconds(1'200)).text(),
            "2026-12-01T00:00:00.0012Z");
  EXPECT_EQ(weir::ScheduledTime(day).at(), day);
}

}  // namespace
