// Text that nobody would write: the parser survives it, its caret stays within the text, and what
// it accepts fires, later each time. From a fixed seed, so a failure comes back; a hundred thousand
// texts, by night (WEIR_NIGHTLY) twenty times as many. Each test stands alone.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "calendar/cron_text.h"
#include "calendar/cron_times.h"
#include "scheduler/zones/zones.h"
#include "weir/impl/cron/cron_syntax.h"

namespace weir::calendar {
namespace {

constexpr std::string_view kPieces[] = {
    "*",     "?",   ",",   "-",   "/",    "#",      "L",  "W",         "LW",
    "0",     "1",   "5",   "7",   "13",   "29",     "31", "59",        "60",
    "999",   "jan", "FEB", "fri", "sun",  "Monday", "@",  "every",     "@every",
    "1h30m", "90s", "\t",  "x",   "\xff", "@daily", "-1", "4294967296"};

std::size_t below(std::mt19937& random, std::size_t n) { return std::size_t(random() % n); }

// What every field has, alone or as a list, a range or a step; mostly a star.
std::string likely_field(std::mt19937& random) {
  const auto value = [&] { return std::to_string(1 + below(random, 7)); };
  switch (below(random, 8)) {
    case 0:
      return value();
    case 1:
      return value() + "-" + value() + "/" + value();
    case 2:
      return value() + "," + value();
    case 3:
      return "*/" + value();
    default:
      return "*";
  }
}

std::string any_field(std::mt19937& random) {
  std::string text;
  const std::size_t pieces = 1 + below(random, below(random, 3) == 0 ? 5 : 1);
  for (std::size_t i = 0; i < pieces; ++i) text += kPieces[below(random, std::size(kPieces))];
  return text;
}

std::string random_text(std::mt19937& random) {
  std::string text;
  const std::size_t fields = below(random, 8) == 0 ? below(random, 9) : 5 + below(random, 2);
  for (std::size_t field = 0; field < fields; ++field) {
    if (field > 0) text += ' ';
    text += below(random, 5) == 0 ? any_field(random) : likely_field(random);
  }
  return text;
}

TEST(CronFuzz, WhateverIsWrittenIsRefusedAtItsPlaceOrFires) {
  std::mt19937 random(20261128);
  const auto zone = zones::load_zone("America/St_Johns");
  ASSERT_TRUE(zone.ok()) << zone.status().text();
  const Instant begin(std::chrono::sys_days(std::chrono::year(2026) / 2 / 27));
  const int texts = std::getenv("WEIR_NIGHTLY") != nullptr ? 2'000'000 : 100'000;
  int accepted = 0, refused = 0;
  for (int i = 0; i < texts; ++i) {
    const std::string text = random_text(random);
    const CronParse parsed = parse_cron(text);
    if (!parsed.ok()) {
      ++refused;
      ASSERT_LE(parsed.problem.at + parsed.problem.length, text.size()) << text;
      ASSERT_NE(problem_text(text, parsed.problem).find(": "), std::string::npos);
      continue;
    }
    ++accepted;
    ASSERT_FALSE(describe(parsed.cron).empty()) << text;
    Instant t = begin;
    for (int k = 0; k < 3; ++k) {
      const auto next = next_after(parsed.cron, *zone, t);
      ASSERT_TRUE(next) << text;
      ASSERT_GT(*next, t) << text;
      t = *next;
    }
    ASSERT_EQ(last_until(parsed.cron, *zone, t), t) << text;
  }
  EXPECT_GT(accepted, texts / 10);
  EXPECT_GT(refused, texts / 10);
  std::printf("%d texts accepted, %d refused\n", accepted, refused);
}

}  // namespace
}  // namespace weir::calendar
