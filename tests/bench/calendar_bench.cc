// The evaluator of cron expressions alone: nanoseconds from one time to the next, for common
// expressions and the slowest that there are, in a zone with summer time.
// One thread; nothing but the evaluator is measured.
#include <string>

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

}  // namespace
}  // namespace weir::calendar

BENCHMARK_MAIN();
