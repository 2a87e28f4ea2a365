// The evaluator against a walk over minutes that shares nothing with it: the C library's own zones,
// and for each expression a condition written by hand. Every zone of the system, around one of its
// changes of clock since 1990; around all of them by night (WEIR_NIGHTLY).
#include <cstdlib>
#include <ctime>
#include <vector>

#include <gtest/gtest.h>

#include "calendar/cron_text.h"
#include "calendar/cron_times.h"
#include "scheduler/zones/zones.h"

namespace weir::calendar {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Expected {
  const char* text;
  bool interval;
  bool (*matches)(const std::tm& at);
};
constexpr Expected kExpected[] = {
    {"30 2 * * *", false, [](const std::tm& t) { return t.tm_min == 30 && t.tm_hour == 2; }},
    {"0 0 * * *", false, [](const std::tm& t) { return t.tm_min == 0 && t.tm_hour == 0; }},
    {"*/20 0-3 * * *", false,
     [](const std::tm& t) { return t.tm_min % 20 == 0 && t.tm_hour <= 3; }},
    {"15 22-2 * * *", false,
     [](const std::tm& t) { return t.tm_min == 15 && (t.tm_hour >= 22 || t.tm_hour <= 2); }},
    {"* 0-3 * * *", false, [](const std::tm& t) { return t.tm_hour <= 3; }},
    {"45 * * * *", true, [](const std::tm& t) { return t.tm_min == 45; }},
    {"*/7 * * * sat-mon", true,
     [](const std::tm& t) { return t.tm_min % 7 == 0 && (t.tm_wday >= 6 || t.tm_wday <= 1); }},
    {"5 1 */2 * *", false,
     [](const std::tm& t) { return t.tm_min == 5 && t.tm_hour == 1 && t.tm_mday % 2 == 1; }},
    {"10 3 1,15 * sun", false,
     [](const std::tm& t) {
       return t.tm_min == 10 && t.tm_hour == 3 &&
              (t.tm_mday == 1 || t.tm_mday == 15 || t.tm_wday == 0);
     }},
};

std::tm clock_of(std::int64_t instant) {
  const std::time_t time = instant;
  std::tm at{};
  localtime_r(&time, &at);
  return at;
}

// What the clock shows, as seconds since the epoch if it were UTC.
std::int64_t shown(const std::tm& at) {
  std::tm copy = at;
  return timegm(&copy);
}

std::tm as_shown(std::int64_t local) {
  const std::time_t time = local;
  std::tm at{};
  gmtime_r(&time, &at);
  return at;
}

struct Minute {
  std::int64_t instant = 0;
  std::int64_t local = 0;
  bool again = false;  // the clock shows the same once more later
};

std::vector<Minute> walk(std::int64_t from, std::int64_t to) {
  std::vector<Minute> clock;
  for (std::int64_t at = from; at < to; at += 60) clock.push_back({at, shown(clock_of(at))});
  for (std::size_t i = 1; i < clock.size(); ++i) {
    if (clock[i].local > clock[i - 1].local) continue;
    for (std::size_t k = i; k-- > 0 && clock[k].local >= clock[i].local;) clock[k].again = true;
  }
  return clock;
}

std::vector<std::int64_t> walked(const std::vector<Minute>& clock, const Expected& expected) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 1; i < clock.size(); ++i) {
    bool fires = expected.matches(as_shown(clock[i].local));
    if (!expected.interval) {
      fires = fires && !clock[i].again;
      for (auto gone = clock[i - 1].local + 60; !fires && gone < clock[i].local; gone += 60) {
        fires = expected.matches(as_shown(gone));
      }
    }
    if (fires) times.push_back(clock[i].instant);
  }
  return times;
}

class CronOracle : public testing::Test {
 protected:
  void TearDown() override {
    unsetenv("TZ");
    tzset();
  }

  void compare(const Zone& zone, Instant change) {
    // Three days before it, because a clock may be set by one; whole minutes.
    const Instant begin = std::chrono::floor<minutes>(change - std::chrono::days(3));
    const Instant end = begin + std::chrono::days(5);
    const auto clock = walk(begin.time_since_epoch().count(),
                            (end + std::chrono::days(1)).time_since_epoch().count());
    for (const Expected& expected : kExpected) {
      std::vector<std::int64_t> times;
      const Cron cron = *read_cron(expected.text);
      for (auto at = next_after(cron, zone, begin); at && *at < end;
           at = next_after(cron, zone, *at)) {
        times.push_back(at->time_since_epoch().count());
      }
      auto by_walk = walked(clock, expected);
      while (!by_walk.empty() && by_walk.back() >= end.time_since_epoch().count()) {
        by_walk.pop_back();
      }
      compared_ += std::ssize(times);
      ASSERT_EQ(times, by_walk) << zone.name() << ", " << expected.text << ", change at "
                                << change.time_since_epoch().count();
    }
  }

  std::int64_t compared_ = 0;
};

TEST_F(CronOracle, EveryZoneFiresAsAWalkOverItsMinutesSays) {
  const bool nightly = std::getenv("WEIR_NIGHTLY") != nullptr;
  const Instant first = std::chrono::sys_days(std::chrono::year(1990) / 1 / 1);
  const Instant last = std::chrono::sys_days(std::chrono::year(2037) / 12 / 1);
  std::size_t turn = 0;
  std::vector<std::vector<std::pair<Instant, seconds>>> seen;  // many names are of one zone
  for (const std::string& name : zones::zone_names()) {
    const auto zone = zones::load_zone(name);
    ASSERT_TRUE(zone.ok()) << zone.status().text();
    std::vector<std::pair<Instant, seconds>> changes;
    for (const ZoneSpan& span : zone->spans()) {
      if (span.begin >= first && span.begin < last) changes.emplace_back(span.begin, span.offset);
    }
    if (changes.empty()) changes.emplace_back(first, zone->at(first).offset);
    if (std::find(seen.begin(), seen.end(), changes) != seen.end()) continue;
    seen.push_back(changes);
    setenv("TZ", (":" + name).c_str(), 1);
    tzset();
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (!nightly && i != turn % changes.size()) continue;
      ASSERT_NO_FATAL_FAILURE(compare(*zone, changes[i].first));
    }
    turn += 7;
  }
  EXPECT_GT(compared_, nightly ? 10'000'000 : 100'000);
  RecordProperty("compared", std::to_string(compared_));
  std::printf("%lld instants compared, %zu zones\n", static_cast<long long>(compared_),
              seen.size());
}

}  // namespace
}  // namespace weir::calendar
