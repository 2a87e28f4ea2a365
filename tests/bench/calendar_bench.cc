// The evaluator of cron expressions alone: nanoseconds from one time to the next, for common
// expressions and the slowest that there are, in a zone with summer time; and the longest that a
// single evaluation takes. One thread; nothing but the evaluator is measured. bench.py has limits
// for both.
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "calendar/cron_text.h"
#include "calendar/cron_times.h"
#include "scheduler/zones/zones.h"

namespace weir::calendar {
namespace {

void next(benchmark::State& state, const std::string& text) {
  const auto cron = read_cron(text);
  const auto zone = zones::load_zone("Europe/Berlin");
  CHECK(cron.ok() && zone.ok());
  const Instant begin(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
  const Instant end(std::chrono::sys_days(std::chrono::year(2040) / 1 / 1));
  Instant at = begin;
  for (auto _ : state) {
    const auto found = next_after(*cron, *zone, at);
    CHECK(found);
    at = *found < end ? *found : begin;
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(next, daily, "0 2 * * *");
BENCHMARK_CAPTURE(next, every_second, "* * * * * *");
BENCHMARK_CAPTURE(next, quarters_on_weekdays, "*/15 9-17 * * mon-fri");
BENCHMARK_CAPTURE(next, last_weekday, "0 6 LW * *");
BENCHMARK_CAPTURE(next, leap_day, "0 0 29 2 *");
BENCHMARK_CAPTURE(next, interval_on_leap_day, "* * 29 2 *");
BENCHMARK_CAPTURE(next, fifth_monday_of_february, "0 0 * 2 mon#5");
BENCHMARK_CAPTURE(next, interval_on_fifth_monday_of_february, "0 * * 2 mon#5");

void last(benchmark::State& state, const std::string& text) {
  const auto cron = read_cron(text);
  const auto zone = zones::load_zone("Europe/Berlin");
  CHECK(cron.ok() && zone.ok());
  Instant at(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
  for (auto _ : state) {
    benchmark::DoNotOptimize(last_until(*cron, *zone, at));
    at += std::chrono::seconds(7919);
  }
}
BENCHMARK_CAPTURE(last, daily, "0 2 * * *");
BENCHMARK_CAPTURE(last, leap_day, "0 0 29 2 *");

// Every way to write something rare: days that few months have, weekdays that few years bring
// there, by the clock and as intervals.
std::vector<std::string> rare_expressions() {
  std::vector<std::string> all;
  for (const char* time : {"0 0", "30 2", "59 23", "* *", "0 *", "*/7 *"}) {
    for (const char* day : {"*", "29", "31", "L-30", "30W", "LW"}) {
      for (const char* month : {"*", "2", "2,4", "12"}) {
        for (const char* weekday : {"*", "mon#5", "5L", "*/6"}) {
          all.push_back(std::string(time) + " " + day + " " + month + " " + weekday);
        }
      }
    }
  }
  for (const char* text : {"@every 1s", "@every 400d", "*/59 * * 29 2 *"}) all.push_back(text);
  return all;
}

// Milliseconds of a call, the best of several: the machine has other things to do as well.
double fastest_ms(const Cron& cron, const Zone& zone, Instant at) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(next_after(cron, zone, at));
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin;
    best = std::min(best, taken.count());
  }
  return best;
}

void Longest(benchmark::State& state) {
  std::vector<Zone> zones;
  for (const char* name : {"Europe/Berlin", "Europe/Dublin", "Australia/Lord_Howe"}) {
    auto zone = zones::load_zone(name);
    CHECK(zone.ok());
    zones.push_back(*std::move(zone));
  }
  double longest = 0;
  std::int64_t expressions = 0;
  for (auto _ : state) {
    for (const std::string& text : rare_expressions()) {
      const auto cron = read_cron(text);
      if (!cron.ok() || !can_fire(*cron)) continue;
      ++expressions;
      for (const Zone& zone : zones) {
        for (int year = 2000; year < 2060; year += 4) {
          const Instant at(std::chrono::sys_days(std::chrono::year(year) / 3 / 1));
          longest = std::max(longest, fastest_ms(*cron, zone, at));
        }
      }
    }
  }
  state.counters["longest_ms"] = longest;
  state.counters["expressions"] = double(expressions);
}
BENCHMARK(Longest)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::calendar

BENCHMARK_MAIN();
