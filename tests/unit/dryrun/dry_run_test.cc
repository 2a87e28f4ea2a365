// What a dry run tells of definitions that are given as text: ticks, runs and freshness, with time
// limits, failures, a worker that is away and a script. One thread, no clock: every instant is
// named.
#include "dryrun/dry_run.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "dryrun/compare.h"
#include "engine/schedules/occurrences.h"
#include "tests/support/graph_text.h"
#include "tests/support/schedule_text.h"

namespace weir::dryrun {
namespace {

using engine::FreshnessState;
using engine::RunState;
using engine::TickOutcome;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

WallTime at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return WallTime(std::chrono::sys_days(date)) + hours(hour) + minutes(minute);
}

const WallTime kBegin = at(2026, 3, 2);

World world_of(const std::string& text, const std::string& pipeline = "p") {
  World world;
  world.now = kBegin;
  world.modules.push_back(test::upload_of(pipeline, text));
  world.zones = test::zones_of(test::zone_names_of(*world.modules.back().manifest));
  return world;
}

Options options_of(Duration span) {
  Options options;
  options.from = kBegin;
  options.span = span;
  return options;
}

Forecast told(const World& world, const Options& options) {
  auto forecast = simulate(world, options);
  EXPECT_TRUE(forecast.ok()) << forecast.status().text();
  return forecast.ok() ? std::move(forecast).value() : Forecast{};
}

template <class What>
std::vector<What> all_of(const Forecast& forecast) {
  std::vector<What> found;
  for (const ForecastItem& item : forecast.items) {
    if (const auto* one = std::get_if<What>(&item.what)) found.push_back(*one);
  }
  return found;
}

std::string text_of(const Forecast& forecast) {
  std::string text;
  for (const ForecastItem& item : forecast.items) {
    text += engine::utc_text(item.at) + " ";
    if (const auto* tick = std::get_if<engine::TickRow>(&item.what)) {
      text += "tick " + tick->schedule + " " + std::string(base::word_of(tick->outcome));
    } else if (const auto* run = std::get_if<ForecastRun>(&item.what)) {
      text += "run " + run->id.text() + " " + std::string(base::word_of(run->state));
    } else if (const auto* alert = std::get_if<ForecastAlert>(&item.what)) {
      text += alert->rule + " " + std::string(base::word_of(alert->state));
    } else {
      const auto& change = std::get<FreshnessChange>(item.what);
      text += change.asset + " " + std::string(base::word_of(change.to));
    }
    text += "\n";
  }
  return text;
}

constexpr const char* kDaily = "a\njob nightly = a\nschedule s = 0 2 * * * [job=nightly]";

TEST(DryRun, ADailyScheduleForAWeekHasSevenTicks) {
  const Forecast forecast = told(world_of(kDaily), options_of(days(7)));
  EXPECT_EQ(forecast.summary.ticks, 7);
  EXPECT_EQ(forecast.summary.succeeded, 7);
  const auto runs = all_of<ForecastRun>(forecast);
  ASSERT_EQ(runs.size(), 7u);
  EXPECT_EQ(runs[0].started_at, at(2026, 3, 2, 2));
  EXPECT_EQ(runs[0].finished_at, at(2026, 3, 2, 2, 1));  // as is assumed
  EXPECT_EQ(runs[6].origin.nominal, at(2026, 3, 8, 2));
  ASSERT_EQ(forecast.notes.size(), 1u);
  EXPECT_NE(forecast.notes[0].find("1 of them: a"), std::string::npos);
}

TEST(DryRun, TheSameTwice) {
  const World world = world_of(
      "a [retry=2 delay=5m]\nb <- a\njob nightly = *\n"
      "schedule s = 0 * * * * [job=nightly jitter=10m]\nfreshness b = max_age [fail=3h]");
  Options options = options_of(days(3));
  options.failures.push_back({"a", at(2026, 3, 2, 5), at(2026, 3, 2, 9)});
  const std::string once = text_of(told(world, options));
  EXPECT_EQ(once, text_of(told(world, options)));
  EXPECT_NE(once.find("failed"), std::string::npos);
}

TEST(DryRun, ClocksThatAreSetForwardAndBack) {
  World world =
      world_of("a\njob nightly = a\nschedule s = 30 2 * * * [job=nightly zone=Europe/Berlin]");
  Options options = options_of(days(3));
  options.from = at(2026, 3, 27, 12);
  auto runs = all_of<ForecastRun>(told(world, options));
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].started_at, at(2026, 3, 28, 1, 30));
  EXPECT_EQ(runs[1].started_at, at(2026, 3, 29, 1, 0));  // 02:30 does not exist on that day
  EXPECT_EQ(runs[2].started_at, at(2026, 3, 30, 0, 30));
  options.from = at(2026, 10, 24, 12);
  options.span = days(1);
  runs = all_of<ForecastRun>(told(world, options));
  ASSERT_EQ(runs.size(), 1u);  // 02:30 comes twice on that day
}

TEST(DryRun, LongTasksOverlap) {
  const std::string graph = "a\njob nightly = a\nschedule s = 0 * * * * [job=nightly overlap=";
  Options options = options_of(hours(6));
  options.durations["a"] = minutes(150);
  const Forecast skipping = told(world_of(graph + "skip]"), options);
  EXPECT_EQ(skipping.summary.ticks, 6);
  EXPECT_EQ(skipping.summary.requested, 2);
  const Forecast queuing = told(world_of(graph + "queue_one]"), options);
  const auto ticks = all_of<engine::TickRow>(queuing);
  ASSERT_EQ(ticks.size(), 6u);
  EXPECT_EQ(ticks[1].outcome, TickOutcome::kSuperseded);
  const auto runs = all_of<ForecastRun>(queuing);
  const auto second = std::find_if(runs.begin(), runs.end(), [](const ForecastRun& run) {
    return run.origin.nominal == at(2026, 3, 2, 3);
  });
  ASSERT_NE(second, runs.end());
  EXPECT_EQ(second->started_at, at(2026, 3, 2, 3, 30));
}

TEST(DryRun, OneRunOfATaskFails) {
  Options options = options_of(days(3));
  options.failures.push_back({"p/a", at(2026, 3, 3), std::nullopt});
  const Forecast forecast = told(world_of("a [retry=3 delay=10m]\nb <- a\njob nightly = *\n"
                                          "schedule s = 0 2 * * * [job=nightly]"),
                                 options);
  const auto runs = all_of<ForecastRun>(forecast);
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].state, RunState::kSucceeded);
  EXPECT_EQ(runs[1].state, RunState::kFailed);
  EXPECT_EQ(runs[2].state, RunState::kSucceeded);
  ASSERT_EQ(runs[1].tasks.size(), 2u);
  EXPECT_EQ(runs[1].tasks[0].attempts, 3);
  EXPECT_EQ(runs[1].tasks[1].state, engine::TaskState::kUpstreamFailed);
  EXPECT_EQ(runs[1].finished_at, at(2026, 3, 3, 2, 23));
}

TEST(DryRun, ATimeLimitEndsATask) {
  Options options = options_of(days(1));
  options.durations["a"] = hours(2);
  const auto runs = all_of<ForecastRun>(
      told(world_of("a [timeout=30m]\njob n = a\nschedule s = 0 2 * * * [job=n]"), options));
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].state, RunState::kFailed);
  EXPECT_EQ(runs[0].finished_at, at(2026, 3, 2, 2, 30));
}

TEST(DryRun, SlotsAreFew) {
  Options options = options_of(days(1));
  options.slots = 1;
  options.durations = {{"a", hours(1)}, {"b", hours(1)}};
  const auto runs = all_of<ForecastRun>(
      told(world_of("a\nb\njob n = *\nschedule s = 0 2 * * * [job=n]"), options));
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].finished_at, at(2026, 3, 2, 4));
}

TEST(DryRun, APolicyMakesItsAssetAheadOfTheDeadline) {
  World world = world_of("a\nfreshness a = max_age [fail=6h]");
  world.history["a"].ms = {600'000, 600'000, 600'000, 600'000, 600'000};
  Options options = options_of(days(1));
  options.script = {{at(2026, 3, 2, 0), Action::kMade, "a"}};
  const Forecast forecast = told(world, options);
  const auto changes = all_of<FreshnessChange>(forecast);
  ASSERT_EQ(changes.size(), 1u);  // fresh from when it is made on
  EXPECT_EQ(changes[0].to, FreshnessState::kPass);
  const auto runs = all_of<ForecastRun>(forecast);
  ASSERT_GE(runs.size(), 4u);
  EXPECT_LT(*runs[0].finished_at, at(2026, 3, 2, 6, 0));
  EXPECT_GT(*runs[0].started_at, at(2026, 3, 2, 5));
  EXPECT_FALSE(forecast.summary.worst);
  EXPECT_TRUE(forecast.notes.empty());
}

TEST(DryRun, WhatWasNeverMadeAndNobodyRequiresIsLeftAlone) {
  const Forecast forecast =
      told(world_of("a\nfreshness a = max_age [fail=6h]"), options_of(days(1)));
  EXPECT_TRUE(forecast.items.empty()) << text_of(forecast);
}

TEST(DryRun, AFailingAssetGrowsStale) {
  Options options = options_of(days(1));
  options.script = {{at(2026, 3, 2, 0), Action::kMade, "a"}};
  options.failures.push_back({"a", at(2026, 3, 2, 1), at(2026, 3, 2, 12)});
  const Forecast forecast = told(world_of("a\nfreshness a = max_age [fail=6h]"), options);
  ASSERT_TRUE(forecast.summary.worst);
  EXPECT_EQ(forecast.summary.worst->asset, "a");
  EXPECT_EQ(forecast.summary.worst->worst, FreshnessState::kFail);
  EXPECT_GT(forecast.summary.worst->in_worst, hours(5));
}

TEST(DryRun, AlertsFireAndEnd) {
  World world = world_of(kDaily);
  engine::AlertRuleRow rule;
  rule.name = "bad_nights";
  rule.event = engine::AlertEvent::kRunFailed;
  world.snapshot.alert_rules.push_back(rule);
  Options options = options_of(days(3));
  options.failures.push_back({"a", at(2026, 3, 3), {}});
  const Forecast forecast = told(world, options);
  const auto alerts = all_of<ForecastAlert>(forecast);
  ASSERT_EQ(alerts.size(), 2u);
  EXPECT_EQ(alerts[0].rule, "bad_nights");
  EXPECT_EQ(alerts[0].subject, "p/nightly");
  EXPECT_EQ(alerts[0].state, engine::AlertState::kFiring);
  EXPECT_EQ(alerts[1].state, engine::AlertState::kResolved);
  EXPECT_EQ(forecast.summary.alerts, 1);
  EXPECT_EQ(forecast.items.back().at, at(2026, 3, 4, 2, 1)) << "when the next night has succeeded";
}

TEST(DryRun, AScriptSaysWhenWhatWasMade) {
  Options options = options_of(hours(8));
  options.script = {{at(2026, 3, 1, 20), Action::kMade, "a"},
                    {at(2026, 3, 2, 3), Action::kMade, "a"}};
  const Forecast forecast = told(world_of("a\nfreshness a = max_age [fail=6h observe]"), options);
  const auto changes = all_of<FreshnessChange>(forecast);
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(forecast.items[0].at, kBegin);  // it was made four hours before
  EXPECT_EQ(changes[1].to, FreshnessState::kFail);
  EXPECT_EQ(changes[2].to, FreshnessState::kPass);
  const auto runs = all_of<ForecastRun>(forecast);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].finished_at, at(2026, 3, 2, 3));
}

TEST(DryRun, TheScriptIsCheckedAsTheSchedulerWould) {
  Options options = options_of(hours(8));
  options.script = {{at(2026, 3, 2, 3), Action::kRun, "nightyl"}};
  auto refused = simulate(world_of(kDaily), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("run nightyl"), std::string::npos);
  options.script = {{at(2026, 3, 1), Action::kRun, "nightly"}};
  refused = simulate(world_of(kDaily), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("only made and observe"), std::string::npos);
}

TEST(DryRun, RunsTakeLongerThanUsual) {
  World world = world_of(
      "a\njob nightly = a\nschedule s = 0 2 * * * [job=nightly]\n"
      "alert long = nightly [on=run_slow limit=p95]");
  Options options = options_of(days(2));
  options.durations["a"] = minutes(20);
  EXPECT_TRUE(all_of<ForecastAlert>(told(world, options)).empty()) << "nobody knows what is usual";
  world.job_history["p/nightly"].ms = {500'000, 600'000, 600'000, 600'000, 600'000};
  const Forecast forecast = told(world, options);
  const auto alerts = all_of<ForecastAlert>(forecast);
  ASSERT_EQ(alerts.size(), 2u) << "the second night, such a time is usual";
  EXPECT_EQ(alerts[0].rule, "p/long");
  EXPECT_NE(alerts[0].text.find("its usual p95 of 10 min, by its last 5"), std::string::npos);
  EXPECT_EQ(alerts[1].state, engine::AlertState::kResolved);
}

TEST(DryRun, TheWorkerIsAway) {
  Options options = options_of(days(1));
  options.durations["a"] = hours(1);
  options.worker_down = {{at(2026, 3, 2, 2, 30), at(2026, 3, 2, 5)}};
  const auto runs = all_of<ForecastRun>(told(world_of(kDaily), options));
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].state, RunState::kSucceeded);
  EXPECT_EQ(runs[0].tasks.at(0).attempts, 2);
  EXPECT_EQ(runs[0].finished_at, at(2026, 3, 2, 6));
}

TEST(DryRun, TwoDefinitionsDifferWhereTheirTimesDo) {
  const Forecast before = told(world_of(kDaily), options_of(days(2)));
  EXPECT_TRUE(compare(before, told(world_of(kDaily), options_of(days(2)))).empty());
  const Forecast after =
      told(world_of("a\njob nightly = a\nschedule s = 0 2 * * *; 0 14 2 * * [job=nightly]"),
           options_of(days(2)));
  const auto found = compare(before, after);
  ASSERT_EQ(found.size(), 2u);  // the tick and its run
  EXPECT_EQ(found[0].at, at(2026, 3, 2, 14));
  EXPECT_EQ(found[0].before, nullptr);
  EXPECT_NE(found[0].after, nullptr);
}

TEST(DryRun, UnknownTasksAreRefused) {
  Options options = options_of(days(1));
  options.durations["b"] = hours(1);
  const auto refused = simulate(world_of(kDaily), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("no task 'b'"), std::string::npos);
}

TEST(DryRun, ItStopsWhenThereIsTooMuch) {
  Options options = options_of(days(7));
  options.items_max = 5;
  const Forecast forecast = told(world_of(kDaily), options);
  EXPECT_FALSE(forecast.cut.empty());
  EXPECT_LT(forecast.until, kBegin + days(7));
}

}  // namespace
}  // namespace weir::dryrun
