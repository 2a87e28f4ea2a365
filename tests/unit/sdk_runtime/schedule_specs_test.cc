// From declared schedules to the manifest: parameters that differ, days off by calendar, and that
// what is declared survives validation.
// Files lie in a folder of the test's own.
#include "sdk/src/schedules/schedule_specs.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/src/local/local_driver.h"
#include "sdk/src/pipeline_manifest.h"
#include "weir/weir.h"

namespace weir::sdk_impl {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Training {
  int epochs = 3;
  double rate = 0.5;
};

class ScheduleSpecs : public ::testing::Test {
 protected:
  ScheduleSpecs() {
    pipeline_.task(
        "work", [](const Training&) {}, params_);
  }

  std::vector<module::ScheduleSpec> specs() {
    const auto manifest = full_manifest_of(pipeline_.record());
    EXPECT_TRUE(manifest.ok()) << manifest.status().text();
    EXPECT_TRUE(check_manifest(*manifest).ok()) << check_manifest(*manifest).text();
    return manifest->schedules;
  }
  std::string refusal() {
    const auto manifest = full_manifest_of(pipeline_.record());
    return manifest.ok() ? check_manifest(*manifest).message() : manifest.status().message();
  }
  std::string file(const std::string& text) {
    const std::string path = temporary_.path() / "holidays.ics";
    std::ofstream(path) << text;
    return path;
  }

  TemporaryDirectory temporary_;
  Pipeline pipeline_{"p"};
  Param<Training> params_ = pipeline_.params<Training>("training", {.epochs = 4});
  Job job_ = pipeline_.job("nightly", select("*"));
};

TEST_F(ScheduleSpecs, APlainCronHasTheDefaults) {
  job_.cron("0 2 * * *");
  EXPECT_THAT(specs(), ElementsAre(module::ScheduleSpec{
                           .name = "nightly", .job = "nightly", .crons = {"0 2 * * *"}}));
}

TEST_F(ScheduleSpecs, EverythingThatIsDeclaredArrives) {
  job_.schedule(cron("0 6 * * mon-fri", "America/New_York")
                    .also("0 12 * * sat")
                    .named("weekdays")
                    .jitter(2min)
                    .catch_up(CatchUp::last(5))
                    .catch_up_window(48h)
                    .overlap(Overlap::kCancelRunning)
                    .start("2026-12-01")
                    .end("2027-12-01")
                    .paused());
  EXPECT_THAT(specs(),
              ElementsAre(module::ScheduleSpec{.name = "weekdays",
                                               .job = "nightly",
                                               .crons = {"0 6 * * mon-fri", "0 12 * * sat"},
                                               .zone = "America/New_York",
                                               .start = "2026-12-01",
                                               .end = "2027-12-01",
                                               .jitter_ms = 120'000,
                                               .catch_up = module::CatchUp::kLast,
                                               .catch_up_runs = 5,
                                               .catch_up_window_ms = 48 * 3'600'000,
                                               .overlap = module::Overlap::kCancelRunning,
                                               .paused = true}));
}

TEST_F(ScheduleSpecs, OfParametersWhatDiffersFromThePipelinesDefaults) {
  job_.schedule(cron("@daily").with(params_, {.epochs = 4, .rate = 0.25}));
  job_.schedule(cron("@daily").with(params_, {}));
  job_.schedule(cron("@daily").with(params_, Training{.epochs = 4}));
  const auto made = specs();
  ASSERT_EQ(made.size(), 3u);
  EXPECT_EQ(made[0].params, R"({"training":{"rate":0.25}})");
  EXPECT_EQ(made[1].params, R"({"training":{"epochs":3}})");
  EXPECT_EQ(made[2].params, R"({"training":{}})");
}

TEST_F(ScheduleSpecs, AParameterOfAnotherPipelineIsRefused) {
  Pipeline other("other");
  const auto strange = other.params<Training>("traning");
  job_.schedule(cron("@daily").with(strange, {}));
  EXPECT_THAT(refusal(), HasSubstr("Did you mean 'training'?"));
}

TEST_F(ScheduleSpecs, DaysOffHaveTheirCalendar) {
  const Calendar closed("closed", {"2026-12-27"});
  const std::string path = file(
      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\nDTEND:20261227\nEND:VEVENT\nEND:"
      "VCALENDAR\n");
  job_.schedule(cron("@daily")
                    .except({"2026-12-24"})
                    .except(ics_calendar("holidays", path))
                    .except(closed)
                    .except(closed));
  using module::DayOff;
  EXPECT_THAT(specs().at(0).days_off,
              ElementsAre(DayOff{"2026-12-25", "holidays"}, DayOff{"2026-12-26", "holidays"},
                          DayOff{"2026-12-27", "closed"}, DayOff{"2026-12-24", "except"}));
}

TEST_F(ScheduleSpecs, ACalendarThatIsNoneIsRefusedWithPathAndLine) {
  const std::string path = file("<html>\n<body>not found</body>\n");
  job_.schedule(cron("@daily").except(ics_calendar("holidays", path)));
  EXPECT_THAT(refusal(), HasSubstr("schedule 'nightly': calendar 'holidays': " + path + ":1: "));
}

TEST_F(ScheduleSpecs, TextsOfRunTimeAreJudgedWithACaret) {
  job_.schedule(cron(cron_text("0 2 * * mno")).except({day_text("25.12.2026")}));
  job_.schedule(cron("@daily").start(time_text("soon")));
  const std::string text = refusal();
  EXPECT_THAT(text, HasSubstr("Did you mean 'mon'?\n    0 2 * * mno\n            ^~~"));
  EXPECT_THAT(text, HasSubstr("calendar 'except': day '25.12.2026': a day is written like"));
  EXPECT_THAT(text, HasSubstr("schedule 'nightly_2': its start: time 'soon'"));
}

}  // namespace
}  // namespace weir::sdk_impl
