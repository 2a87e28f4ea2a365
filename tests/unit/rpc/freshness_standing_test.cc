// What the API computes of freshness policies: descriptions, and what the state becomes next; and
// that each word has a number of its own.
// Now and the zone are values: no file is read.
#include "scheduler/rpc/freshness_standing.h"

#include <set>

#include <gmock/gmock.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "scheduler/rpc/convert/freshness.h"

namespace weir::rpc {
namespace {

using base::WallTime;
using engine::FreshnessState;
using module::FreshnessKind;
using module::FreshnessSpec;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr WallTime kFriday{std::chrono::sys_days{std::chrono::year{2026} / 11 / 27}};
constexpr std::int64_t kHourMs = 3'600'000;

FreshnessSpec by_nine() {
  FreshnessSpec spec;
  spec.kind = FreshnessKind::kBy;
  spec.cron = "0 9 * * mon-fri";
  spec.lower_bound_ms = kHourMs;
  return spec;
}

engine::FreshnessRow row_of(FreshnessSpec spec, FreshnessState state) {
  engine::FreshnessRow row;
  row.asset = "report";
  row.spec = std::move(spec);
  row.since = kFriday;
  row.state = state;
  return row;
}

FreshnessStanding standing_of_row(const engine::FreshnessRow& row) {
  auto made =
      FreshnessStanding::of(row, std::make_shared<const calendar::Zone>(calendar::Zone::utc()));
  EXPECT_TRUE(made.ok()) << made.status().text();
  return std::move(made).value();
}

TEST(FreshnessDescriptionTest, SaysWhatIsDeclared) {
  FreshnessSpec age;
  age.fail_ms = 26 * kHourMs;
  EXPECT_EQ(description_of(age), "at most 26 h old");
  age.warn_ms = 25 * kHourMs + 90'000;
  EXPECT_EQ(description_of(age), "at most 26 h old, warns from 25 h 1 min 30 s");
  age.fail_ms = 24 * 7 * kHourMs;
  age.warn_ms = 0;
  age.required_after_ms = 0;
  age.action = module::FreshnessAction::kObserve;
  EXPECT_EQ(description_of(age), "at most 7 d old, required from the start; observed only");
  FreshnessSpec by = by_nine();
  by.zone = "Europe/Berlin";
  by.warn_margin_ms = kHourMs / 2;
  by.required_after_ms = 2 * kHourMs;
  EXPECT_EQ(description_of(by),
            "by 09:00 on weekdays, Europe/Berlin time, made not more than 1 h before, "
            "warns 30 min before, required 2 h after it was declared");
  by = by_nine();
  by.cron = "@every 90m";
  EXPECT_THAT(description_of(by), testing::StartsWith("by a deadline every "));
  by.cron = "whenever";
  EXPECT_THAT(description_of(by), testing::StartsWith("by 'whenever', made"));
}

TEST(FreshnessStandingTest, AnAgeWarnsThenFails) {
  FreshnessSpec spec;
  spec.fail_ms = 24 * kHourMs;
  spec.warn_ms = 12 * kHourMs;
  const auto change =
      standing_of_row(row_of(spec, FreshnessState::kPass)).next_change(kFriday, kFriday + hours(1));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->to, FreshnessState::kWarn);
  EXPECT_EQ(change->at, kFriday + hours(12));
  const auto warned = standing_of_row(row_of(spec, FreshnessState::kWarn));
  const auto after = warned.next_change(kFriday, kFriday + hours(13));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->to, FreshnessState::kFail);
  EXPECT_EQ(after->at, kFriday + hours(24));
  EXPECT_EQ(warned.deadline(kFriday, kFriday + hours(13)), kFriday + hours(24));
  EXPECT_FALSE(standing_of_row(row_of(spec, FreshnessState::kFail))
                   .next_change(kFriday, kFriday + hours(25)));
}

// Made for today's deadline it passes until the next one that it does not count for: Monday's.
TEST(FreshnessStandingTest, DeadlinesThatAreMetAreLookedPast) {
  const auto standing = standing_of_row(row_of(by_nine(), FreshnessState::kPass));
  const auto change = standing.next_change(kFriday + hours(8), kFriday + hours(8) + minutes(30));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->to, FreshnessState::kFail);
  EXPECT_EQ(change->at, kFriday + days(3) + hours(9));
  EXPECT_EQ(standing.deadline(kFriday + hours(8), kFriday + hours(8) + minutes(30)),
            kFriday + days(3) + hours(9));
}

TEST(FreshnessStandingTest, NeverMadeItFailsOnceItIsRequired) {
  FreshnessSpec spec;
  spec.fail_ms = kHourMs;
  const auto unknown = row_of(spec, FreshnessState::kUnknown);
  EXPECT_FALSE(standing_of_row(unknown).next_change({}, kFriday));
  spec.required_after_ms = 2 * kHourMs;
  const auto change =
      standing_of_row(row_of(spec, FreshnessState::kUnknown)).next_change({}, kFriday);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->to, FreshnessState::kFail);
  EXPECT_EQ(change->at, kFriday + hours(2));
}

TEST(FreshnessStandingTest, NothingComesOfWhatNobodyMakes) {
  FreshnessSpec spec;
  spec.fail_ms = kHourMs;
  const auto standing = standing_of_row(row_of(spec, FreshnessState::kNotApplicable));
  EXPECT_FALSE(standing.next_change(kFriday, kFriday));
  EXPECT_FALSE(standing.deadline(kFriday, kFriday));
}

TEST(FreshnessStandingTest, AnExpressionThatCannotBeReadIsSaid) {
  FreshnessSpec spec = by_nine();
  spec.cron = "0 9 * *";
  EXPECT_EQ(FreshnessStanding::of(row_of(spec, FreshnessState::kPass),
                                  std::make_shared<const calendar::Zone>(calendar::Zone::utc()))
                .status()
                .error(),
            base::kErrCron);
}

TEST(ConvertFreshness, EveryStateHasANumberOfItsOwnThatComesBack) {
  std::set<int> seen;
  for (std::size_t i = 0; i < base::kWords<FreshnessState>.size(); ++i) {
    const auto state = static_cast<FreshnessState>(i);
    const int number = freshness_state_to_proto(state);
    EXPECT_TRUE(number > 0 && seen.insert(number).second) << i;
    EXPECT_EQ(freshness_state_from_proto(number).value(), state);
  }
  EXPECT_FALSE(freshness_state_from_proto(0).value().has_value());
  EXPECT_EQ(freshness_state_from_proto(99).status().code(), base::Code::kInvalidArgument);
}

TEST(ConvertFreshness, ARowIsShownWithItsPolicyAndItsPause) {
  FreshnessSpec spec = by_nine();
  spec.action = module::FreshnessAction::kObserve;
  spec.expected_ms = 5;
  engine::FreshnessRow row = row_of(spec, FreshnessState::kWarn);
  row.paused = true;
  row.paused_by = "ann@laptop";
  row.pause_reason = "why";
  row.failures = 2;
  row.retry_at = kFriday + hours(1);
  v1::Freshness out;
  to_proto(row, &out);
  EXPECT_EQ(out.asset(), "report");
  EXPECT_EQ(out.policy().kind(), v1::FRESHNESS_KIND_BY);
  EXPECT_EQ(out.policy().action(), v1::FRESHNESS_ACTION_OBSERVE);
  EXPECT_EQ(out.policy().cron(), "0 9 * * mon-fri");
  EXPECT_EQ(out.policy().zone(), "UTC");
  EXPECT_EQ(out.policy().lower_bound_ms(), kHourMs);
  EXPECT_EQ(out.policy().expected_ms(), 5);
  EXPECT_FALSE(out.policy().has_required_after_ms());
  EXPECT_EQ(out.state(), v1::FRESHNESS_STATE_WARN);
  EXPECT_TRUE(out.paused());
  EXPECT_EQ(out.paused_by(), "ann@laptop");
  EXPECT_EQ(out.pause_reason(), "why");
  EXPECT_EQ(out.failures(), 2);
  EXPECT_EQ(out.retry_at().seconds() % 86400, 3600);
  EXPECT_FALSE(out.has_last_at());
  EXPECT_FALSE(out.has_age_ms());
}

}  // namespace
}  // namespace weir::rpc
