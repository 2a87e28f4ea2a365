// The schedules of a seed: see schedule_world.h. Times are dense, so that a story of minutes has
// many of them, and catch-up is bounded, so that a clock that jumps a year starts no thousand runs.
// Draws from generators of its own: seeds without schedules play as if there were none.
#include "tests/simulation/schedules/schedule_world.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "scheduler/zones/zones.h"

namespace weir::simulation {
namespace {

using base::Duration;
using base::WallTime;
using module::CatchUp;
using module::Overlap;
using module::ScheduleSpec;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Instants at which a zone's clock changes, or something else comes to its end.
struct Change {
  std::int64_t at;
  const char* zone;
};
constexpr std::array<Change, 10> kChanges = {{
    {1'679'792'400, "Europe/Berlin"},        // 2023-03-26 02:00 is 03:00
    {1'698'541'200, "Europe/Berlin"},        // 2023-10-29 03:00 is 02:00
    {1'680'361'200, "Australia/Lord_Howe"},  // 2023-04-02, half an hour
    {1'696'087'800, "Australia/Lord_Howe"},  // 2023-10-01
    {1'678'597'200, "America/Havana"},       // 2023-03-12, at midnight
    {1'699'160'400, "America/Havana"},       // 2023-11-05
    {1'325'239'200, "Pacific/Apia"},         // 2011-12-30 is left out
    {1'709'164'800, "UTC"},                  // 2024-02-29
    {1'735'689'600, "Asia/Kolkata"},         // 2025-01-01
    {1'672'531'200, "America/New_York"},     // 2023-01-01
}};

constexpr std::array<const char*, 18> kCrons = {
    "*/10 * * * * *",    "*/15 * * * * *",   "*/20 * * * * *",
    "7,37 * * * * *",    "30 * * * * *",     "* * * * *",
    "*/2 * * * *",       "@every 25s",       "@every 40s",
    "@every 90s",        "*/30 * 1-3 * * *", "0,20,40 * 2 * * *",
    "*/15 * 0,23 * * *", "*/20 */2 * * * *", "45 * 3 * * *",
    "@hourly",           "5-9 * * * * *",    "0,30 * 0-1 * * sun-thu",
};

std::string day_text(WallTime at) { return time_text(at).substr(0, 10); }

void draw_catch_up(Rng& rng, ScheduleSpec& spec) {
  spec.catch_up = CatchUp(rng.below(4));
  const auto window = [&](Duration low, Duration high) {
    return std::chrono::duration_cast<milliseconds>(rng.between(low, high)).count();
  };
  if (spec.catch_up == CatchUp::kLast) spec.catch_up_runs = std::int32_t(rng.between(1, 4));
  if (spec.catch_up == CatchUp::kAll) {
    spec.catch_up_window_ms = window(seconds(20), seconds(100));
  } else if (rng.chance(0.4)) {
    spec.catch_up_window_ms = window(seconds(5), minutes(10));
  }
}

void draw_limits(Rng& rng, const Profile& profile, ScheduleSpec& spec) {
  const auto sometime = [&] { return rng.between(Duration(0), profile.length); };
  if (rng.chance(0.1)) spec.start = time_text(profile.wall_start + sometime() / 2);
  if (rng.chance(0.1)) spec.end = time_text(profile.wall_start + profile.length / 2 + sometime());
  if (rng.chance(0.2)) {
    spec.days_off.push_back({day_text(profile.wall_start + hours(24) * rng.between(-1, 1)), "off"});
  }
}

}  // namespace

std::string time_text(WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<seconds>(at - day));
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", int(date.year()),
                unsigned(date.month()), unsigned(date.day()), int(time.hours().count()),
                int(time.minutes().count()), int(time.seconds().count()));
  return text.data();
}

void draw_schedules(Rng rng, Profile& profile) {
  profile.schedules = rng.chance(0.3);
  if (!profile.schedules) return;
  const Change& change = kChanges[std::size_t(rng.below(std::int64_t(kChanges.size())))];
  profile.zone = change.zone;
  profile.wall_start = WallTime(seconds(change.at)) - rng.between(Duration(0), profile.length);
  profile.schedule_requests = int(rng.between(0, 14));
  if (rng.chance(0.7)) profile.short_attempts = true;
  profile.runs = std::min(profile.runs, 3);
  profile.far_steps = rng.chance(0.4);
  if (profile.far_steps) profile.wall_steps = int(rng.between(1, 4));
  // Few enough that there is always one more that has to wait for the next step.
  if (rng.chance(0.2)) profile.options.timer_records_max = rng.between(1, 30);
}

ScheduleSpec make_schedule(Rng& rng, const Profile& profile) {
  ScheduleSpec spec;
  const std::int64_t crons = rng.chance(0.25) ? rng.between(2, 3) : 1;
  for (std::int64_t i = 0; i < crons; ++i) {
    spec.crons.emplace_back(kCrons[std::size_t(rng.below(std::int64_t(kCrons.size())))]);
  }
  if (rng.chance(0.6)) spec.zone = profile.zone;
  if (rng.chance(0.3)) {
    const std::array<std::int64_t, 4> most = {500, 5'000, 30'000, 90'000};
    spec.jitter_ms = most[std::size_t(rng.below(4))];
  }
  draw_catch_up(rng, spec);
  draw_limits(rng, profile, spec);
  spec.overlap = Overlap(rng.below(5));
  spec.paused = rng.chance(0.1);
  return spec;
}

void declare_schedules(std::uint64_t seed, int variant, const Profile& profile,
                       std::vector<module::Manifest>& pipelines) {
  Rng rng(seed ^ (0xDEC1A5Eull + std::uint64_t(variant)));
  for (module::Manifest& manifest : pipelines) {
    manifest.jobs.push_back({"one", manifest.stages[0].name, 0});
    manifest.jobs.push_back({"of_" + std::to_string(variant % 2), manifest.stages[1].name, 0});
    // Modules that differ in nothing but their schedules differ, too.
    manifest.jobs.push_back({"v" + std::to_string(variant), manifest.stages[0].name, 0});
    for (int i = 0; i < 2; ++i) {
      if (!rng.chance(variant == 0 ? 0.7 : 0.5)) continue;
      const bool changed = rng.chance(0.4);
      Rng same(seed + std::uint64_t(i) * 7919 + (changed ? std::uint64_t(variant) * 104'729 : 0));
      ScheduleSpec spec = make_schedule(same, profile);
      spec.name = std::string(manifest.pipeline == "p0" ? "d" : "e") + std::to_string(i);
      spec.job = same.chance(0.2) ? "first" : "one";
      manifest.schedules.push_back(std::move(spec));
    }
  }
}

Duration far_step(Rng& rng) {
  constexpr std::array<Duration, 8> kMost = {seconds(3),     seconds(30),    minutes(2),
                                             minutes(10),    hours(1),       hours(24),
                                             hours(24 * 30), hours(24 * 365)};
  const Duration most = kMost[std::size_t(rng.below(std::int64_t(kMost.size())))];
  const Duration by = rng.between(std::min(Duration(seconds(1)), most), most);
  return rng.chance(0.5) ? by : -by;
}

engine::Zones zones_of(const std::vector<ScheduleSpec>& schedules) {
  engine::Zones zones;
  for (const ScheduleSpec& spec : schedules) {
    if (auto zone = zones::shared_zone(spec.zone); zone.ok()) zones.emplace(spec.zone, *zone);
  }
  return zones;
}

}  // namespace weir::simulation
