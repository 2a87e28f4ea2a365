// Schedules as messages and back: nothing is lost on the way, every word has a number, and what no
// schedule can be is refused by name.
// Pure functions, so nothing is set up.
#include <set>

#include <gmock/gmock.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/schedules.h"
#include "weir/v1/schedule_service.pb.h"

namespace weir::rpc {
namespace {

using testing::HasSubstr;

module::ScheduleSpec full_spec() {
  module::ScheduleSpec spec;
  spec.job = "shop/daily";
  spec.crons = {"0 2 * * *", "@every 90s"};
  spec.zone = "Europe/Berlin";
  spec.params = R"({"train":{"id":9007199254740993,"rate":0.5},"x":{}})";
  spec.days_off = {{"2026-12-25", "except"}, {"2027-01-01", "holidays"}};
  spec.start = "2026-12-01";
  spec.end = "2027-12-01T09:00";
  spec.jitter_ms = 300'000;
  spec.catch_up = module::CatchUp::kLast;
  spec.catch_up_runs = 5;
  spec.catch_up_window_ms = 0;
  spec.overlap = module::Overlap::kAllow;
  return spec;
}

TEST(ConvertSchedule, ADefinitionComesBackAsItWas) {
  v1::ScheduleDefinition message;
  to_proto(full_spec(), &message);
  const auto back = from_proto(message);
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_EQ(*back, full_spec());
}

TEST(ConvertSchedule, WhatIsNotSaidIsTheDefault) {
  const auto spec = from_proto(v1::ScheduleDefinition());
  ASSERT_TRUE(spec.ok()) << spec.status().text();
  EXPECT_EQ(*spec, module::ScheduleSpec());
  v1::ScheduleDefinition day;
  day.add_days_off()->set_day("2026-12-25");
  EXPECT_EQ(from_proto(day)->days_off[0].calendar, "except");
}

template <class Enum, class Field>
void expect_words_come_back(Field field) {
  std::set<int> seen;
  for (std::size_t i = 0; i < base::kWords<Enum>.size(); ++i) {
    module::ScheduleSpec spec;
    spec.*field = static_cast<Enum>(i);
    if (spec.catch_up == module::CatchUp::kLast) spec.catch_up_runs = 1;
    v1::ScheduleDefinition message;
    to_proto(spec, &message);
    EXPECT_TRUE(seen.insert(int(message.catch_up()) * 100 + int(message.overlap())).second) << i;
    const auto back = from_proto(message);
    ASSERT_TRUE(back.ok()) << back.status().text();
    EXPECT_EQ((*back).*field, spec.*field);
  }
}

TEST(ConvertSchedule, EveryWordHasANumberOfItsOwnThatComesBack) {
  expect_words_come_back<module::CatchUp>(&module::ScheduleSpec::catch_up);
  expect_words_come_back<module::Overlap>(&module::ScheduleSpec::overlap);
  std::set<int> seen;
  for (std::size_t i = 0; i < base::kWords<engine::TickOutcome>.size(); ++i) {
    engine::TickRow row;
    row.outcome = static_cast<engine::TickOutcome>(i);
    v1::Tick tick;
    to_proto(row, &tick);
    EXPECT_TRUE(seen.insert(tick.outcome()).second) << i;
    EXPECT_EQ(tick_outcome_from_proto(tick.outcome()).value(), row.outcome);
  }
  EXPECT_FALSE(tick_outcome_from_proto(0).value().has_value());
  EXPECT_EQ(tick_outcome_from_proto(99).status().code(), base::Code::kInvalidArgument);
}

TEST(ConvertSchedule, WhatNoScheduleCanBeIsRefusedByName) {
  const auto refused = [](auto change) {
    v1::ScheduleDefinition message;
    to_proto(full_spec(), &message);
    change(message);
    const auto spec = from_proto(message);
    EXPECT_EQ(spec.status().code(), base::Code::kInvalidArgument);
    return spec.status().message();
  };
  EXPECT_EQ(refused([](auto& m) { m.set_jitter_ms(-1); }), "jitter_ms is -1; it must be 0 or more");
  EXPECT_THAT(refused([](auto& m) { m.set_catch_up_window_ms(-1); }),
              HasSubstr("catch_up_window_ms"));
  EXPECT_THAT(refused([](auto& m) { m.set_catch_up_runs(0); }), HasSubstr("needs catch_up_runs"));
  EXPECT_THAT(refused([](auto& m) { m.set_catch_up(v1::CATCH_UP_ALL); }),
              HasSubstr("catch_up LAST alone"));
  EXPECT_THAT(refused([](auto& m) { m.set_overlap(static_cast<v1::Overlap>(77)); }),
              HasSubstr("no overlap 77"));
  EXPECT_THAT(refused([](auto& m) { (*m.mutable_params())["train"] = "[1]"; }),
              HasSubstr("parameter 'train' must be a JSON object"));
  EXPECT_THAT(refused([](auto& m) {
                for (int i = 0; i < kCronsMax; ++i) m.add_crons("@daily");
              }),
              HasSubstr("at most 100 cron expressions"));
  EXPECT_THAT(refused([](auto& m) { m.set_start(std::string(kDefinitionBytesMax, 'x')); }),
              HasSubstr("bytes"));
}

TEST(ConvertSchedule, ARowIsShownWithItsPauseAndItsDescription) {
  engine::ScheduleRow row;
  row.name = "shop/nightly";
  row.pipeline = "shop";
  row.spec = full_spec();
  row.paused = true;
  row.paused_at = engine::WallTime(std::chrono::seconds(10));
  row.paused_by = "ann@laptop";
  row.pause_reason = "why";
  row.changed_by = "bob@desk";
  v1::Schedule out;
  to_proto(row, &out);
  EXPECT_EQ(out.name(), "shop/nightly");
  EXPECT_TRUE(out.declared());
  EXPECT_TRUE(out.paused());
  EXPECT_FALSE(out.has_paused_until());
  EXPECT_EQ(out.paused_at().seconds(), 10);
  EXPECT_EQ(out.paused_by(), "ann@laptop");
  EXPECT_EQ(out.pause_reason(), "why");
  EXPECT_EQ(out.changed_by(), "bob@desk");
  EXPECT_EQ(out.description(), "at 02:00; every 1 minute and 30 seconds, Europe/Berlin time");
  EXPECT_FALSE(out.has_next());
  EXPECT_FALSE(out.has_last_tick());
}

TEST(ConvertTick, OnlyWhatThereIsIsShown) {
  engine::TickRow row;
  row.schedule = "shop/nightly";
  row.nominal = engine::WallTime(std::chrono::seconds(60));
  v1::Tick single;
  to_proto(row, &single);
  EXPECT_FALSE(single.has_until());
  EXPECT_EQ(single.run_id(), "");
  row.until = engine::WallTime(std::chrono::seconds(120));
  row.run = engine::RunId::make(engine::WallTime(std::chrono::hours(24 * 20'000)), 7);
  v1::Tick stretch;
  to_proto(row, &stretch);
  EXPECT_EQ(stretch.until().seconds(), 120);
  EXPECT_EQ(engine::RunId::parse(stretch.run_id()), row.run);
}

}  // namespace
}  // namespace weir::rpc
