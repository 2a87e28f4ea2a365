// What the API computes of schedules: next times over days off, pauses, jitter and the clock's
// changes, and descriptions. Now and the zone are values; one zone is made by hand, so that no file
// is read.
#include "scheduler/rpc/schedule_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/schedules/occurrences.h"

namespace weir::rpc {
namespace {

using calendar::Instant;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr Instant kDay{std::chrono::sys_days{std::chrono::year{2026} / 11 / 27}};  // a Friday

module::ScheduleSpec spec_of(std::vector<std::string> crons) {
  module::ScheduleSpec spec;
  spec.job = "shop/daily";
  spec.crons = std::move(crons);
  return spec;
}

ScheduleTimes times_of(const module::ScheduleSpec& spec) {
  auto times = ScheduleTimes::of("shop/nightly", spec,
                                 std::make_shared<const calendar::Zone>(calendar::Zone::utc()));
  EXPECT_TRUE(times.ok()) << times.status().text();
  return std::move(times).value();
}

TEST(ScheduleTimesTest, DaysOffAreShownInAPreviewAndLeftOutOfWhatRuns) {
  module::ScheduleSpec spec = spec_of({"0 2 * * *"});
  spec.days_off = {{"2026-11-28", "except"}, {"2026-11-29", "holidays"}};
  const ScheduleTimes times = times_of(spec);
  const auto first = times.next_after(kDay + hours(12));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->nominal, kDay + days(1) + hours(2));
  EXPECT_EQ(first->day_off, "except");
  const auto runs = times.next_run_after(kDay + hours(12));
  ASSERT_TRUE(runs);
  EXPECT_EQ(runs->nominal, kDay + days(3) + hours(2));
  EXPECT_EQ(runs->day_off, "");
}

// Would take minutes if each second of the days off were looked at.
TEST(ScheduleTimesTest, DaysOffOfAScheduleOfSecondsCostOneLookEach) {
  module::ScheduleSpec spec = spec_of({"* * * * * *"});
  for (int i = 0; i < 1000; ++i) {
    const std::chrono::year_month_day day{std::chrono::floor<days>(kDay) + days(i)};
    char text[32];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", int(day.year()), unsigned(day.month()),
                  unsigned(day.day()));
    spec.days_off.push_back({text, "except"});
  }
  const auto next = times_of(spec).next_run_after(kDay - seconds(1));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->nominal, kDay + days(1000));
}

TEST(ScheduleTimesTest, ATimeThatHasComeIsStillToRunUntilItsShareOfTheJitterHasPassed) {
  module::ScheduleSpec spec = spec_of({"0 2 * * *"});
  spec.jitter_ms = 3'600'000;
  const ScheduleTimes times = times_of(spec);
  const Instant nominal = kDay + hours(2);
  const base::WallTime due = engine::due_at("shop/nightly", spec.jitter_ms, nominal);
  ASSERT_GT(due, base::WallTime(nominal));
  engine::ScheduleRow row;
  row.spec = spec;
  const auto next_at = [&](base::WallTime now) {
    return times.next_run_after(*begin_of_upcoming(row, now), now)->nominal;
  };
  EXPECT_EQ(next_at(nominal), nominal);
  EXPECT_EQ(next_at(due - base::Duration(1)), nominal);
  EXPECT_EQ(next_at(due), nominal + days(1));
  // Of an edit after the nominal time it is not its own.
  row.since = base::WallTime(nominal);
  EXPECT_EQ(next_at(nominal), nominal + days(1));
}

TEST(ScheduleTimesTest, WhatIsRetiredOrPausedWithoutAnEndDoesNothing) {
  const base::WallTime now{kDay};
  engine::ScheduleRow row;
  row.spec = spec_of({"0 2 * * *"});
  EXPECT_EQ(begin_of_upcoming(row, now), kDay);
  row.paused = true;
  EXPECT_FALSE(begin_of_upcoming(row, now));
  row.paused_until = now + days(2) + milliseconds(500);
  EXPECT_EQ(begin_of_upcoming(row, now), kDay + days(2));
  row.retired = true;
  EXPECT_FALSE(begin_of_upcoming(row, now));
}

TEST(ScheduleTimesTest, TimesEndWithTheSchedule) {
  module::ScheduleSpec spec = spec_of({"0 2 * * *"});
  spec.start = "2026-11-29";
  spec.end = "2026-11-30T02:00Z";
  const ScheduleTimes times = times_of(spec);
  const auto first = times.next_run_after(kDay);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->nominal, kDay + days(2) + hours(2));
  EXPECT_FALSE(times.next_run_after(first->nominal));
}

TEST(ScheduleTimesTest, ADefinitionThatCannotBeMeantSaysWhy) {
  const auto utc = std::make_shared<const calendar::Zone>(calendar::Zone::utc());
  const auto refused = [&](module::ScheduleSpec spec) {
    return ScheduleTimes::of("shop/nightly", spec, utc).status();
  };
  EXPECT_EQ(refused(spec_of({"0 0 30 2 *"})).error(), base::kErrCron);
  EXPECT_THAT(refused(spec_of({"0 0 30 2 *"})).message(), HasSubstr("^~"));
  EXPECT_EQ(refused(spec_of({})).code(), base::Code::kInvalidArgument);
  module::ScheduleSpec day = spec_of({"@daily"});
  day.days_off = {{"2026-02-30", "except"}};
  EXPECT_THAT(refused(day).message(), HasSubstr("'2026-02-30'"));
}

TEST(ScheduleDescriptionTest, SaysWhenAndByWhichClock) {
  module::ScheduleSpec spec = spec_of({"0 2 * * mon-fri"});
  EXPECT_EQ(description_of(spec), "at 02:00 on weekdays, UTC");
  spec.zone = "Europe/Berlin";
  EXPECT_EQ(description_of(spec), "at 02:00 on weekdays, Europe/Berlin time");
  spec.crons.emplace_back("@every 90s");
  EXPECT_EQ(description_of(spec),
            "at 02:00 on weekdays; every 1 minute and 30 seconds, Europe/Berlin time");
  EXPECT_EQ(description_of(spec_of({"@every 90s"})), "every 1 minute and 30 seconds");
  EXPECT_EQ(description_of(spec_of({"whatever"})), "'whatever', UTC");
}

}  // namespace
}  // namespace weir::rpc
