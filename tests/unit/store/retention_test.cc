// What is kept and what goes: by age, by number, and because something needs it; in rounds of a
// bounded size, over kills and clocks that are wrong. A sweep is played by housekeeping on clocks
// that the test sets. One thread.
#include "scheduler/store/retention/retention.h"

#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/runs/durations.h"
#include "engine/text/record_text.h"
#include "scheduler/store/log_store.h"
#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {
namespace {

using engine::OutcomeClass;
using engine::RunState;
using engine::TaskState;
using engine::TickOutcome;
using std::chrono::hours;
using store::SqliteStore;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kNow = 20'000 * kDay;  // the wall clock of these tests, in seconds
constexpr std::int64_t kOld = kNow - 91 * kDay;

class RetentionTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  void open(ports::RetentionOptions kept = {}) {
    store_.reset();
    auto opened = SqliteStore::open(path(), kept);
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    store_ = std::move(opened).value();
    boot_ = base::BootTime(hours(1));
    started_ = boot_;
  }

  std::string path() const { return directory_.file("weir.db"); }

  std::int64_t query(const std::string& sql) const {
    auto connection = store::Connection::open(path(), store::OpenMode::kReadOnly);
    EXPECT_TRUE(connection.ok());
    auto value = connection->int64(sql);
    EXPECT_TRUE(value.ok()) << value.status().text();
    return value.ok() ? *value : -1;
  }
  std::int64_t count(const std::string& table, std::uint64_t run) const {
    return query("SELECT COUNT(*) FROM " + table + " WHERE run_id='" + run_id(run).text() + "'");
  }

  // Both clocks go on by so much, and the store is looked after.
  void pass(base::Duration time, bool idle = true) {
    boot_ += time;
    const base::WallTime wall = at(kNow) + (boot_ - started_) + set_by_;
    const base::Status done = store_->housekeeping({wall, boot_}, idle);
    ASSERT_TRUE(done.ok()) << done.text();
  }
  // As long as a whole sweep takes, from a start on.
  void sweep() {
    pass(store::kPruneEvery);
    pass(store::kClockTrustedAfter + store::kSweepEvery);
    for (int round = 0; round < 200; ++round) pass(std::chrono::milliseconds(1));
  }

  // One that has ended then, of `tasks` tasks with an attempt, a check and an event each.
  std::vector<engine::Record> ended_run(std::uint64_t n, std::int64_t seconds, int tasks = 1) {
    std::vector<engine::Record> rows;
    engine::RunRow run = run_row(n, RunState::kFailed, tasks);
    run.created_at = at(seconds - 5);
    run.finished_at = at(seconds);
    run.origin = {};
    rows.emplace_back(run);
    rows.emplace_back(engine::RunCountsRow{run_id(n)});
    for (std::int32_t i = 0; i < tasks; ++i) {
      engine::TaskRow task = task_row(n, i, TaskState::kFailed);
      task.outputs.clear();
      rows.emplace_back(task);
      rows.emplace_back(attempt_row(n, i, 1, OutcomeClass::kFailed));
      rows.emplace_back(
          engine::CheckRow{{run_id(n), i, 1}, "orders", "c", {}, true, "", "{}", {}, ""});
      rows.emplace_back(event(n, i + 1, seconds));
    }
    return rows;
  }
  engine::EventRow event(std::uint64_t run, std::int32_t run_seq, std::int64_t seconds) {
    engine::EventRow row = event_row(++seq_, run, run == 0 ? 0 : run_seq);
    row.at = at(seconds);
    return row;
  }
  // A run that made a version of the asset.
  std::vector<engine::Record> making(std::uint64_t n, std::int64_t id, const std::string& asset,
                                     std::int64_t seconds, bool current = true) {
    std::vector<engine::Record> rows = ended_run(n, seconds);
    auto& task = std::get<engine::TaskRow>(rows[2]);
    task.outputs = {{asset, value(asset), false, id}};
    auto& attempt = std::get<engine::AttemptRow>(rows[3]);
    attempt.started_at = at(seconds - 2);
    attempt.finished_at = at(seconds);
    engine::MaterializationRow made = materialization_row(id, asset);
    made.attempt = {run_id(n), 0, 1};
    made.at = at(seconds);
    rows.emplace_back(made);
    if (current) {
      rows.emplace_back(engine::AssetPartitionRow{{asset, ""}, id, run_id(n), "", {}, ""});
    }
    return rows;
  }

  std::unique_ptr<store::SqliteReader> reader() {
    auto opened = store::SqliteReader::open(path());
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }

  TemporaryDirectory directory_;
  std::unique_ptr<SqliteStore> store_;
  std::int64_t seq_ = 0;
  base::BootTime boot_{}, started_{};
  base::Duration set_by_{};  // what the wall clock was set by
};

TEST_F(RetentionTest, AnOldRunGoesWithAllThatIsOfItAndAYoungOneStays) {
  commit_rows(*store_, ended_run(1, kOld, 3));
  commit_rows(*store_, ended_run(2, kNow - 89 * kDay, 3));
  commit_rows(*store_, ended_run(3, kNow, 1));
  sweep();
  for (const char* table : {"runs", "run_counts", "tasks", "attempts", "checks", "events"}) {
    EXPECT_EQ(count(table, 1), 0) << table;
    EXPECT_GT(count(table, 2), 0) << table;
    EXPECT_GT(count(table, 3), 0) << table;
  }
  EXPECT_EQ(query("SELECT COUNT(*) FROM expired_runs"), 0);
  EXPECT_EQ(store_->stats().runs_forgotten.load(), 1);
  EXPECT_EQ(store_->stats().events_forgotten.load(), 3);
  EXPECT_GT(store_->stats().retention_us.count(), 0u);
}

TEST_F(RetentionTest, TheOperatorSaysHowLong) {
  commit_rows(*store_, ended_run(1, kNow - 3 * kDay));
  commit_rows(*store_, ended_run(2, kNow - kDay));
  commit_rows(*store_, ended_run(3, kNow));
  open({.runs = hours(48)});
  sweep();
  EXPECT_EQ(count("runs", 1), 0);
  EXPECT_EQ(count("runs", 2), 1);
}

// Ids, events and versions go on from the newest, however old it is.
TEST_F(RetentionTest, TheNewestRunAndTheNewestEventStay) {
  commit_rows(*store_, ended_run(1, kOld));
  commit_rows(*store_, ended_run(2, kOld));
  commit_rows(*store_, {event(1, 2, kOld), event(0, 0, kOld), event(0, 0, kOld)});
  sweep();
  EXPECT_EQ(query("SELECT COUNT(*) FROM runs"), 1);
  EXPECT_EQ(count("runs", 2), 1);
  EXPECT_EQ(store_->restore()->last_run, run_id(2));
  EXPECT_EQ(store_->restore()->last_seq, seq_);
  EXPECT_EQ(query("SELECT COUNT(*) FROM events WHERE run_id IS NULL"), 1);
}

TEST_F(RetentionTest, ARunThatMadeACurrentVersionStaysAndItsEventsToo) {
  commit_rows(*store_, making(1, 1, "orders", kOld));
  commit_rows(*store_, ended_run(2, kOld));
  commit_rows(*store_, ended_run(3, kNow));
  sweep();
  EXPECT_EQ(count("runs", 1), 1);
  EXPECT_EQ(count("attempts", 1), 1);
  EXPECT_EQ(count("events", 1), 1);
  EXPECT_EQ(count("runs", 2), 0);
}

TEST_F(RetentionTest, TheRunsThatTellHowLongAnAssetTakesStay) {
  const auto kept = static_cast<std::uint64_t>(engine::Durations::kKept);
  for (std::uint64_t n = 1; n <= kept + 2; ++n) {
    commit_rows(*store_, making(n, static_cast<std::int64_t>(n), "orders", kOld));
  }
  commit_rows(*store_, ended_run(100, kNow));
  const auto durations = [&] {
    engine::Reads reads;
    reads.durations = {"orders"};
    EXPECT_TRUE(store_->begin().ok());
    const auto facts = store_->load(reads);
    store_->rollback();
    return facts->durations.at("orders").ms;
  };
  const auto before = durations();
  EXPECT_EQ(before.size(), kept);
  sweep();
  EXPECT_EQ(count("runs", 1) + count("runs", 2), 0);
  EXPECT_EQ(query("SELECT COUNT(*) FROM runs"), static_cast<std::int64_t>(kept) + 1);
  EXPECT_EQ(durations(), before);
  // The history of versions is not this one's to thin.
  EXPECT_EQ(query("SELECT COUNT(*) FROM materializations"), static_cast<std::int64_t>(kept) + 2);
}

TEST_F(RetentionTest, ALiveRunKeepsAllOfItsEvents) {
  engine::RunRow live = run_row(1, RunState::kRunning, 1);
  live.created_at = at(kOld);
  commit_rows(*store_, {module_row("shop", true), live, task_row(1, 0, TaskState::kWaiting),
                        event(1, 1, kOld), event(1, 2, kOld), event(0, 0, kOld)});
  commit_rows(*store_, ended_run(2, kNow));
  const std::string before = engine::snapshot_text(*store_->restore());
  sweep();
  EXPECT_EQ(count("events", 1), 2);
  EXPECT_EQ(query("SELECT COUNT(*) FROM events WHERE run_id IS NULL"), 0);
  EXPECT_EQ(engine::snapshot_text(*store_->restore()), before);
}

TEST_F(RetentionTest, ARunStaysWhileOneThatRetriesItDoes) {
  commit_rows(*store_, ended_run(1, kOld));
  std::vector<engine::Record> retry = ended_run(2, kNow - 10 * kDay);
  auto& row = std::get<engine::RunRow>(retry[0]);
  row.origin.kind = engine::OriginKind::kRetry;
  row.origin.reference = run_id(1).text();
  commit_rows(*store_, retry);
  commit_rows(*store_, ended_run(3, kNow));
  sweep();
  EXPECT_EQ(count("runs", 1), 1);
  set_by_ = hours(24 * 81);
  sweep();  // the retry goes
  sweep();  // then the one that nothing retries any more
  EXPECT_EQ(count("runs", 1) + count("runs", 2), 0);
}

TEST_F(RetentionTest, ARoundIsBoundedAndAKillInTheMiddleLeavesNothingBehind) {
  const int tasks = 3 * store::kRetentionRowsMax;
  commit_rows(*store_, ended_run(1, kOld, tasks));
  commit_rows(*store_, ended_run(2, kNow));
  const std::string of_it =
      "SELECT (SELECT COUNT(*) FROM tasks) + (SELECT COUNT(*) FROM attempts) "
      "+ (SELECT COUNT(*) FROM checks) + (SELECT COUNT(*) FROM events)";
  const std::int64_t all = query(of_it);
  std::int64_t left = all;
  int rounds = 0;
  pass(base::Duration(1));
  pass(store::kClockTrustedAfter);
  while (left == all || rounds % 7 != 0) {
    pass(std::chrono::milliseconds(1));
    const std::int64_t now_left = query(of_it);
    EXPECT_LE(left - now_left, store::kRetentionRowsMax);
    left = now_left;
    ASSERT_LT(++rounds, 100);
  }
  EXPECT_EQ(count("runs", 1), 0);  // nobody sees a part of it
  EXPECT_GT(count("tasks", 1) + count("attempts", 1), 0);
  EXPECT_EQ(query("SELECT COUNT(*) FROM expired_runs"), 1);
  open();
  sweep();
  EXPECT_EQ(query(of_it), 4);
  EXPECT_EQ(query("SELECT COUNT(*) FROM expired_runs"), 0);
}

TEST_F(RetentionTest, BusyRoundsKeepTheirDistance) {
  commit_rows(*store_, ended_run(1, kOld, 3 * store::kRetentionRowsMax));
  commit_rows(*store_, ended_run(2, kNow));
  pass(base::Duration(1), false);
  pass(store::kClockTrustedAfter, false);
  const std::uint64_t rounds = store_->stats().retention_us.count();
  pass(store::kPruneAgain / 2, false);
  EXPECT_EQ(store_->stats().retention_us.count(), rounds);
  pass(store::kPruneAgain / 2, false);
  EXPECT_EQ(store_->stats().retention_us.count(), rounds + 1);
}

// ---- clocks ----

TEST_F(RetentionTest, AClockIsTrustedAnHourAfterTheStartOrAfterItWasSet) {
  commit_rows(*store_, ended_run(1, kNow));
  commit_rows(*store_, ended_run(2, kNow));
  set_by_ = hours(24 * 400);  // it is ahead when the scheduler starts
  pass(base::Duration(1));
  pass(std::chrono::minutes(50));
  set_by_ = {};  // and is put right
  pass(std::chrono::minutes(20));
  for (int i = 0; i < 10; ++i) pass(std::chrono::minutes(20));
  EXPECT_EQ(count("runs", 1), 1);
  set_by_ = hours(24 * 400);  // somebody sets it wrong
  for (int i = 0; i < 2; ++i) pass(std::chrono::minutes(20));
  EXPECT_EQ(count("runs", 1), 1);
  for (int i = 0; i < 10; ++i) pass(std::chrono::minutes(20));
  EXPECT_EQ(count("runs", 1), 0);
}

// What a clock that was ahead has stamped does not keep what came after it for ever.
TEST_F(RetentionTest, TimesThatHaveNotComeArePassedOver) {
  commit_rows(*store_, ended_run(1, kNow + 400 * kDay));
  commit_rows(*store_, ended_run(2, kOld));
  commit_rows(*store_, ended_run(3, kNow));
  sweep();
  EXPECT_EQ(count("runs", 1), 1);
  EXPECT_EQ(count("events", 1), 1);
  EXPECT_EQ(count("runs", 2), 0);
  EXPECT_EQ(count("events", 2), 0);
}

// ---- alerts ----

TEST_F(RetentionTest, AlertsGoWhenTheyAreOldAndNothingIsToComeOfThem) {
  using engine::AlertDelivery;
  using engine::AlertState;
  std::vector<engine::Record> rows;
  const auto add = [&](std::int64_t id, std::int64_t last, AlertState state, AlertDelivery sent) {
    engine::AlertRow row = alert_row(id, state, sent);
    row.since = row.last = at(last);
    rows.emplace_back(row);
  };
  add(1, kOld, AlertState::kResolved, AlertDelivery::kDelivered);
  add(2, kOld, AlertState::kFiring, AlertDelivery::kUndelivered);
  add(3, kOld, AlertState::kResolved, AlertDelivery::kPending);
  add(4, kOld, AlertState::kNotice, AlertDelivery::kUndelivered);
  for (std::int64_t id = 5; id < 3'000; ++id) {  // more than a round looks at
    add(id, kOld, AlertState::kNotice, AlertDelivery::kDelivered);
  }
  add(3'000, kNow - kDay, AlertState::kResolved, AlertDelivery::kDelivered);
  commit_rows(*store_, rows);
  sweep();
  EXPECT_EQ(query("SELECT COUNT(*) FROM alerts"), 3);
  EXPECT_EQ(query("SELECT COUNT(*) FROM alerts WHERE id IN (2, 3, 3000)"), 3);
}

// ---- ticks ----

TEST_F(RetentionTest, TicksAreKeptForThirtyDaysAndAThousandOfEachSchedule) {
  std::vector<engine::Record> rows;
  for (int i = 0; i < 1'200; ++i) {  // one a day, the newest today
    rows.emplace_back(tick_row("shop/daily", kNow - i * kDay, TickOutcome::kSkipped));
  }
  for (int i = 0; i < 2'000; ++i) {  // forty a day, for fifty days
    rows.emplace_back(tick_row("shop/often", kNow - i * kDay / 40, TickOutcome::kSkipped));
  }
  for (int i = 0; i < 20; ++i) {
    rows.emplace_back(tick_row("shop/seldom", kNow - i * 60 * kDay, TickOutcome::kSkipped));
  }
  commit_rows(*store_, rows);
  sweep();
  EXPECT_EQ(query("SELECT COUNT(*) FROM ticks WHERE schedule='shop/daily'"), 1'000);
  EXPECT_NEAR(query("SELECT COUNT(*) FROM ticks WHERE schedule='shop/often'"), 1'200, 5);
  EXPECT_EQ(query("SELECT COUNT(*) FROM ticks WHERE schedule='shop/seldom'"), 20);
  EXPECT_EQ(store_->stats().ticks_forgotten.load(), 3'220 - query("SELECT COUNT(*) FROM ticks"));
}

// A restart goes on from it, and would make up for its time once more.
TEST_F(RetentionTest, TheNewestTickOfTheCronStaysBehindAThousandRunsByHand) {
  std::vector<engine::Record> rows{schedule_row("shop/nightly")};
  rows.emplace_back(tick_row("shop/nightly", kOld - kDay, TickOutcome::kSkipped));
  rows.emplace_back(tick_row("shop/nightly", kOld, TickOutcome::kSkipped));
  for (int i = 0; i < 1'100; ++i) {
    engine::TickRow by_hand = tick_row("shop/nightly", kOld + 10 + i, TickOutcome::kRequested);
    by_hand.nominal += base::Duration(1);
    rows.emplace_back(by_hand);
  }
  commit_rows(*store_, rows);
  sweep();
  EXPECT_EQ(store_->restore()->last_ticks.at("shop/nightly"), at(kOld));
  EXPECT_EQ(query("SELECT COUNT(*) FROM ticks"), 1'101);
}

TEST_F(RetentionTest, AStretchThatReachesIntoWhatIsKeptStays) {
  std::vector<engine::Record> rows;
  engine::TickRow stretch = tick_row("shop/daily", kNow - 2'000 * kDay, TickOutcome::kMissed);
  stretch.until = at(kNow - 29 * kDay);
  rows.emplace_back(stretch);
  for (int i = 0; i < 1'001; ++i) {
    rows.emplace_back(tick_row("shop/daily", kNow - i, TickOutcome::kSkipped));
  }
  commit_rows(*store_, rows);
  sweep();
  EXPECT_EQ(query("SELECT COUNT(*) FROM ticks"), 1'002);
}

// ---- what is told of what went ----

TEST_F(RetentionTest, WhoAsksForWhatWentIsToldHowLongItIsKept) {
  commit_rows(*store_, ended_run(1, kOld, 2));
  commit_rows(*store_, ended_run(2, kNow, 2));
  sweep();
  const auto read = reader();
  const auto run = read->get_run(run_id(1));
  EXPECT_EQ(run.status().error(), base::kErrUnknownRun);
  EXPECT_NE(run.status().message().find("kept for 90 days"), std::string::npos);
  EXPECT_EQ(read->resolve_run(run_id(1).text()).status().code(), base::Code::kNotFound);
  const auto events = read->list_events(1, std::nullopt, 10);
  EXPECT_EQ(events.status().code(), base::Code::kOutOfRange);
  EXPECT_NE(events.status().message().find("90 days"), std::string::npos);
  EXPECT_EQ(read->list_events(2, std::nullopt, 10)->size(), 2u);
  EXPECT_EQ(read->list_events(0, std::nullopt, 10)->size(), 2u);
  EXPECT_EQ(read->list_events(1, run_id(2), 10)->size(), 2u);
}

TEST(KeptWords, AreInTheLargestWholeUnit) {
  EXPECT_EQ(ports::kept_words(hours(24 * 90)), "90 days");
  EXPECT_EQ(ports::kept_words(hours(24)), "1 day");
  EXPECT_EQ(ports::kept_words(hours(36)), "36 hours");
  EXPECT_EQ(ports::kept_words(std::chrono::seconds(90)), "90 seconds");
}

TEST_F(RetentionTest, LogsGoWithTheirRunAndNotBefore) {
  const auto old_run = base::RunId::make(at(kOld), 1), gone_young = base::RunId::make(at(kNow), 1);
  const auto kept_run = base::RunId::make(at(kOld), 2);
  auto logs = store::DiskLogStore::open(directory_.file("logs"));
  ASSERT_TRUE(logs.ok());
  for (const base::RunId run : {old_run, kept_run, gone_young}) {
    ASSERT_TRUE((*logs)->append({run, 0, 1}, ports::LogStream::kStdout, 0, "hello", true).ok());
  }
  std::filesystem::create_directory(directory_.file("logs/notes"));
  const auto gone = [&](base::RunId run) { return run != kept_run; };
  const auto removed = (*logs)->remove_gone(at(kNow - 90 * kDay), gone);
  ASSERT_TRUE(removed.ok()) << removed.status().text();
  EXPECT_EQ(*removed, 1);
  EXPECT_FALSE(std::filesystem::exists(directory_.file("logs/" + old_run.text())));
  for (const std::string& kept : {kept_run.text(), gone_young.text(), std::string("notes")}) {
    EXPECT_TRUE(std::filesystem::exists(directory_.file("logs/" + kept))) << kept;
  }
}

// Any world: what a restore gives is the same before and after, and no row of a run outlives it.
TEST_F(RetentionTest, ARestoreAfterASweepGivesWhatOneBeforeItDid) {
  std::mt19937_64 random(7);
  const auto draw = [&](std::int64_t below) {
    return static_cast<std::int64_t>(random() % std::uint64_t(below));
  };
  commit_rows(*store_, {module_row("shop", true), engine::AssetRow{"a0", "shop", "t", false},
                        engine::AssetRow{"a1", "shop", "t", false}, schedule_row("shop/s0")});
  std::int64_t id = 0;
  for (std::uint64_t n = 1; n <= 300; ++n) {
    const std::int64_t ended = kNow - static_cast<std::int64_t>(300 - n) * kDay / 2;
    const std::int64_t kind = draw(6);
    if (kind == 0) {
      engine::RunRow live = run_row(n, RunState::kRunning, 1);
      live.created_at = at(ended);
      live.modules = {digest("shop")};
      commit_rows(*store_, {live, task_row(n, 0, TaskState::kWaiting), event(n, 1, ended)});
    } else if (kind <= 2) {
      commit_rows(*store_, making(n, ++id, "a" + std::to_string(draw(2)), ended, draw(4) != 0));
    } else {
      commit_rows(*store_, ended_run(n, ended, static_cast<int>(draw(5))));
    }
    commit_rows(*store_, {event(0, 0, ended),
                          tick_row("shop/s0", kNow - static_cast<std::int64_t>(n) * 3'600,
                                   TickOutcome::kSkipped)});
  }
  const std::string before = engine::snapshot_text(*store_->restore());
  const std::int64_t runs = query("SELECT COUNT(*) FROM runs");
  sweep();
  EXPECT_EQ(engine::snapshot_text(*store_->restore()), before);
  EXPECT_LT(query("SELECT COUNT(*) FROM runs"), runs * 3 / 4);
  for (const char* table : {"run_counts", "tasks", "attempts", "checks", "events"}) {
    EXPECT_EQ(query("SELECT COUNT(*) FROM " + std::string(table) +
                    " WHERE run_id IS NOT NULL AND run_id NOT IN (SELECT run_id FROM runs)"),
              0)
        << table;
  }
}

}  // namespace
}  // namespace weir::store_tests
