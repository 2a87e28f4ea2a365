// Reads of schedules, their ticks and their runs: filters, pages, and names as people give them.
// Real SQLite in a temporary directory, filled through the store's commits as in the scheduler.
// One thread; times are values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/text/record_text.h"
#include "tests/unit/store/reader_fixture.h"

namespace weir::store_tests {
namespace {

using base::Code;
using engine::record_text;
using engine::TickOutcome;
using ports::PageRequest;
using ports::ScheduleFilter;
using ports::TickFilter;
using testing::ElementsAre;
using testing::HasSubstr;

engine::ScheduleRow paused_row(const std::string& name) {
  engine::ScheduleRow row = schedule_row(name);
  row.paused = true;
  row.paused_at = at(710);
  row.paused_until = at(720);
  row.paused_by = "ann@laptop";
  row.pause_reason = "the source is being moved";
  row.recorded_until = at(705);
  return row;
}

class ScheduleReaderTest : public StoreReaderTest {
 protected:
  void SetUp() override {
    engine::ScheduleRow retired = schedule_row("shop/old");
    retired.retired = true;
    engine::ScheduleRow weekly = schedule_row("mail/weekly");
    weekly.spec.job = "mail/send";
    open_with({schedule_row("shop/nightly"), paused_row("shop/hourly"), retired, weekly,
               schedule_row("shopping/nightly_too")});
  }

  std::vector<std::string> names(const ScheduleFilter& filter, int size = 50) {
    return walk(
        size, [&](const PageRequest& page) { return reader_->list_schedules(filter, page); },
        [](const engine::ScheduleRow& row) { return row.name; });
  }
  std::vector<std::int64_t> nominals(const TickFilter& filter, int size = 50) {
    return walk(
        size,
        [&](const PageRequest& page) { return reader_->list_ticks("shop/nightly", filter, page); },
        [](const engine::TickRow& row) -> std::int64_t {
          return row.nominal.time_since_epoch() / std::chrono::seconds(1);
        });
  }
};

TEST_F(ScheduleReaderTest, RowsComeBackWhole) {
  EXPECT_EQ(record_text(*reader_->get_schedule("shop/nightly")),
            record_text(schedule_row("shop/nightly")));
  EXPECT_EQ(record_text(*reader_->get_schedule("shop/hourly")),
            record_text(paused_row("shop/hourly")));
  engine::TickRow missed = tick_row("shop/nightly", 100, TickOutcome::kMissed);
  missed.until = at(200);
  commit_rows(*store_, {missed});
  const auto ticks = reader_->list_ticks("shop/nightly", {}, {});
  ASSERT_TRUE(ticks.ok()) << ticks.status().text();
  ASSERT_EQ(ticks->rows.size(), 1u);
  EXPECT_EQ(record_text(ticks->rows[0]), record_text(missed));
}

TEST_F(ScheduleReaderTest, ListsAreInTheOrderOfNamesAndHideRetiredOnes) {
  for (const int size : {1, 2, 3, 4, 5}) {
    EXPECT_THAT(names({}, size),
                ElementsAre("mail/weekly", "shop/hourly", "shop/nightly", "shopping/nightly_too"))
        << size;
  }
  ScheduleFilter all;
  all.retired = true;
  EXPECT_EQ(names(all, 2).size(), 5u);
}

TEST_F(ScheduleReaderTest, FiltersOfSchedulesCombine) {
  EXPECT_THAT(names({.pipeline = "shop"}), ElementsAre("shop/hourly", "shop/nightly"));
  EXPECT_THAT(names({.pipeline = "sho"}), ElementsAre());
  EXPECT_THAT(names({.job = "mail/send"}), ElementsAre("mail/weekly"));
  EXPECT_THAT(names({.job = "send"}), ElementsAre("mail/weekly"));
  EXPECT_THAT(names({.job = "end"}), ElementsAre());
  EXPECT_THAT(names({.paused = true}), ElementsAre("shop/hourly"));
  EXPECT_THAT(names({.pipeline = "shop", .job = "daily", .paused = false}),
              ElementsAre("shop/nightly"));
  EXPECT_THAT(names({.pipeline = "shop", .paused = false, .retired = true}),
              ElementsAre("shop/nightly", "shop/old"));
}

TEST_F(ScheduleReaderTest, AShortNameIsEnoughWhileOneScheduleHasIt) {
  EXPECT_EQ(reader_->get_schedule("nightly")->name, "shop/nightly");
  EXPECT_EQ(reader_->get_schedule("old")->name, "shop/old");
  commit_rows(*store_, {schedule_row("mail/old")});
  EXPECT_EQ(reader_->get_schedule("old")->name, "mail/old") << "the other one is retired";
  commit_rows(*store_, {schedule_row("mail/nightly")});
  const auto ambiguous = reader_->get_schedule("nightly").status();
  EXPECT_EQ(ambiguous.code(), Code::kInvalidArgument);
  EXPECT_EQ(ambiguous.error(), base::kErrAmbiguous);
  EXPECT_THAT(ambiguous.message(), HasSubstr("mail/nightly and shop/nightly"));
  EXPECT_EQ(reader_->get_schedule("mail/nightly")->name, "mail/nightly");
}

TEST_F(ScheduleReaderTest, AnUnknownNameSuggestsTheNearest) {
  const auto unknown = reader_->get_schedule("shop/nigthly").status();
  EXPECT_EQ(unknown.code(), Code::kNotFound);
  EXPECT_EQ(unknown.error(), base::kErrUnknownSchedule);
  EXPECT_THAT(unknown.message(), HasSubstr("Did you mean 'shop/nightly'?"));
  EXPECT_THAT(reader_->get_schedule("houry").status().message(), HasSubstr("'hourly'"));
  for (const char* name : {"", "/", "%", "'; DROP"}) {
    EXPECT_EQ(reader_->get_schedule(name).status().error(), base::kErrUnknownSchedule) << name;
  }
}

TEST_F(ScheduleReaderTest, TicksComeNewestFirstOfOneSchedule) {
  std::vector<engine::Record> rows{tick_row("shop/hourly", 5, TickOutcome::kRequested)};
  for (int i = 1; i <= 7; ++i) {
    rows.emplace_back(tick_row("shop/nightly", i * 10,
                               i % 2 == 0 ? TickOutcome::kSkipped : TickOutcome::kRequested));
  }
  commit_rows(*store_, rows);
  for (const int size : {1, 3, 7, 8}) {
    EXPECT_THAT(nominals({}, size), ElementsAre(70, 60, 50, 40, 30, 20, 10)) << size;
    EXPECT_THAT(nominals({.outcome = TickOutcome::kSkipped, .since = {}}, size),
                ElementsAre(60, 40, 20))
        << size;
  }
  EXPECT_THAT(nominals({.outcome = TickOutcome::kRequested, .since = at(50)}), ElementsAre(70, 50));
  EXPECT_EQ(reader_->list_ticks("shop/nightly", {}, {5, "x"}).status().error(),
            base::kErrPageToken);
  EXPECT_TRUE(reader_->list_ticks("shop/gone", {}, {})->rows.empty());
}

TEST_F(ScheduleReaderTest, AStretchIsThereAsLongAsItsLastTimeIs) {
  engine::TickRow missed = tick_row("shop/nightly", 10, TickOutcome::kMissed);
  missed.until = at(60);
  commit_rows(*store_, {missed, tick_row("shop/nightly", 70, TickOutcome::kRequested)});
  EXPECT_THAT(nominals({.outcome = {}, .since = at(60)}), ElementsAre(70, 10));
  EXPECT_THAT(nominals({.outcome = {}, .since = at(61)}), ElementsAre(70));
}

TEST_F(ScheduleReaderTest, RunsAreFoundByTheirOrigin) {
  std::vector<engine::Record> rows;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    engine::RunRow run = run_row(i, engine::RunState::kSucceeded, 0);
    run.origin.kind = i % 3 == 0 ? engine::OriginKind::kManual : engine::OriginKind::kSchedule;
    run.origin.reference = i % 2 == 0 ? "shop/nightly" : "shop/hourly";
    rows.emplace_back(run);
  }
  commit_rows(*store_, rows);
  const auto found = [&](const ports::RunFilter& filter) {
    std::vector<base::RunId> ids;
    PageRequest page{1, ""};
    do {
      const auto runs = reader_->list_runs(filter, page);
      EXPECT_TRUE(runs.ok()) << runs.status().text();
      if (!runs.ok()) break;
      for (const auto& row : runs->rows) ids.push_back(row.run.id);
      page.after = runs->next;
    } while (!page.after.empty());
    return ids;
  };
  ports::RunFilter filter;
  filter.origin = engine::OriginKind::kSchedule;
  EXPECT_THAT(found(filter), ElementsAre(run_id(5), run_id(4), run_id(2), run_id(1)));
  filter.reference = "shop/nightly";
  EXPECT_THAT(found(filter), ElementsAre(run_id(4), run_id(2)));
  filter.job = "shop/daily";
  filter.state = engine::RunState::kSucceeded;
  filter.since = at(1'600'000'003);
  EXPECT_THAT(found(filter), ElementsAre(run_id(4)));
  filter.state = engine::RunState::kFailed;
  EXPECT_THAT(found(filter), ElementsAre());
}

}  // namespace
}  // namespace weir::store_tests
