// The reader: pages that join without gaps or repeats, references to runs, refusals. Real SQLite in
// a temporary directory, filled through the store's commits as in the scheduler. One thread: what a
// short pool does under load is not tested here.
#include <set>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/text/record_text.h"
#include "tests/unit/store/reader_fixture.h"

namespace weir::store_tests {
namespace {

using base::Code;
using engine::record_text;
using ports::PageRequest;

class ReaderTest : public StoreReaderTest {
 protected:
  void SetUp() override { open_with(sample_world()); }
};

TEST_F(ReaderTest, PagesOfTasksJoinWithoutGapsOrRepeats) {
  std::vector<engine::Record> rows{run_row(3, engine::RunState::kRunning, 25)};
  for (int i = 0; i < 25; ++i) {
    rows.emplace_back(
        task_row(3, i, i % 2 == 0 ? engine::TaskState::kSucceeded : engine::TaskState::kWaiting));
  }
  commit_rows(*store_, rows);
  for (const int size : {1, 7, 24, 25, 26}) {
    const auto keys = walk(
        size, [&](const PageRequest& page) { return reader_->list_tasks(run_id(3), {}, "", page); },
        [](const engine::TaskRow& row) { return row.name; });
    EXPECT_EQ(keys.size(), 25u) << size;
    EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 25u) << size;
  }
  auto waiting = reader_->list_tasks(run_id(3), engine::TaskState::kWaiting, "", {});
  ASSERT_TRUE(waiting.ok());
  EXPECT_EQ(waiting->rows.size(), 12u);
  auto named = reader_->list_tasks(run_id(3), {}, "task_7", {});
  ASSERT_TRUE(named.ok());
  ASSERT_EQ(named->rows.size(), 1u);
  EXPECT_EQ(record_text(named->rows[0]), record_text(task_row(3, 7, engine::TaskState::kWaiting)));
}

// A run of which task 3 alone has changed; 0 to 4 were ready at once.
std::vector<engine::Record> hardly_begun(std::uint64_t n) {
  engine::RunRow run = run_row(n, engine::RunState::kRunning, 10);
  run.plan = "0:2+5! 0:7+5";
  run.first_order = 40;
  engine::ModuleRow module = module_row("shop", true);
  module.manifest = R"({"stages":[)";
  for (int i = 0; i < 12; ++i) {
    module.manifest += (i > 0 ? "," : "") + (R"({"name":"s)" + std::to_string(i) + "\"}");
  }
  module.manifest += "]}";
  return {run, module, task_row(n, 3, engine::TaskState::kRunning)};
}

TEST_F(ReaderTest, TasksWithoutRowsAreShownAsTheirRunPlansThem) {
  commit_rows(*store_, hardly_begun(3));
  const auto list = [&](std::optional<engine::TaskState> state, const std::string& name, int size) {
    return walk(
        size,
        [&](const PageRequest& page) { return reader_->list_tasks(run_id(3), state, name, page); },
        [](const engine::TaskRow& row) {
          return row.name + " " + std::string(engine::task_state_name(row.state));
        });
  };
  const std::vector<std::string> all{"s2 ready",    "s3 ready",   "s4 ready",   "task_3 running",
                                     "s6 ready",    "s7 waiting", "s8 waiting", "s9 waiting",
                                     "s10 waiting", "s11 waiting"};
  for (const int size : {1, 2, 3, 4, 9, 10, 11}) EXPECT_EQ(list({}, "", size), all) << size;
  EXPECT_EQ(list(engine::TaskState::kReady, "", 3).size(), 4u);
  EXPECT_EQ(list(engine::TaskState::kWaiting, "", 50).size(), 5u);
  EXPECT_EQ(list(engine::TaskState::kRunning, "", 50).size(), 1u);
  EXPECT_EQ(list({}, "s8", 50), (std::vector<std::string>{"s8 waiting"}));
  const auto page = reader_->list_tasks(run_id(3), {}, "s6", {});
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].ready_order, 44);
  EXPECT_EQ(page->rows[0].ready_at, run_row(3, engine::RunState::kRunning, 10).created_at);
}

TEST_F(ReaderTest, RunsComeNewestFirstWithTheirCounts) {
  commit_rows(*store_, {engine::RunCountsRow{.run = run_id(2), .waiting = 1, .running = 1},
                        engine::RunCountsRow{.run = run_id(1), .succeeded = 1}});
  auto page = reader_->list_runs({}, {});
  ASSERT_TRUE(page.ok()) << page.status().text();
  ASSERT_EQ(page->rows.size(), 2u);
  EXPECT_EQ(page->rows[0].run.id, run_id(2));
  EXPECT_EQ(page->rows[0].counts[static_cast<std::size_t>(engine::TaskState::kRunning)], 1);
  EXPECT_EQ(page->rows[0].counts[static_cast<std::size_t>(engine::TaskState::kWaiting)], 1);
  EXPECT_EQ(page->rows[1].counts[static_cast<std::size_t>(engine::TaskState::kSucceeded)], 1);
}

TEST_F(ReaderTest, FiltersOfRunsCombine) {
  engine::RunRow other = run_row(3, engine::RunState::kFailed, 0);
  other.job = "shop/weekly";
  commit_rows(*store_, {other});
  const auto count = [&](const ports::RunFilter& filter) {
    auto page = reader_->list_runs(filter, {});
    EXPECT_TRUE(page.ok()) << page.status().text();
    return page.ok() ? page->rows.size() : 99;
  };
  EXPECT_EQ(count({"", {}, {}}), 3u);
  EXPECT_EQ(count({"shop/daily", {}, {}}), 2u);
  EXPECT_EQ(count({"shop/daily", engine::RunState::kRunning, {}}), 1u);
  EXPECT_EQ(count({"shop/daily", engine::RunState::kFailed, {}}), 0u);
  EXPECT_EQ(count({"", engine::RunState::kFailed, at(1'600'000'003)}), 1u);
  EXPECT_EQ(count({"shop/daily", engine::RunState::kRunning, at(1'600'000'002)}), 1u);
  EXPECT_EQ(count({"", {}, at(1'600'000'002)}), 2u);
}

TEST_F(ReaderTest, CountsOfARunAreThoseThatWereWritten) {
  const auto running = static_cast<std::size_t>(engine::TaskState::kRunning);
  EXPECT_EQ(reader_->get_run(run_id(2))->counts[running], 0);
  commit_rows(*store_, {engine::RunCountsRow{.run = run_id(2), .running = 1}});
  EXPECT_EQ(reader_->get_run(run_id(2))->counts[running], 1);
  commit_rows(*store_, {engine::RunCountsRow{.run = run_id(2), .succeeded = 1}});
  EXPECT_EQ(reader_->get_run(run_id(2))->counts[running], 0);
}

TEST_F(ReaderTest, ReferencesToRunsResolve) {
  EXPECT_EQ(*reader_->resolve_run("@last"), run_id(2));
  EXPECT_EQ(reader_->resolve_run("@last-failed").status().code(), Code::kNotFound);
  EXPECT_EQ(*reader_->resolve_run(run_id(1).text()), run_id(1));
  const std::string shared = run_id(1).text().substr(0, 8);
  auto ambiguous = reader_->resolve_run(shared);
  EXPECT_EQ(ambiguous.status().error(), base::kErrAmbiguous);
  commit_rows(*store_, {run_row(1u << 30, engine::RunState::kFailed, 0)});
  EXPECT_EQ(*reader_->resolve_run("@last-failed"), run_id(1u << 30));
  EXPECT_EQ(*reader_->resolve_run(run_id(1u << 30).text().substr(0, 8)), run_id(1u << 30));
  EXPECT_EQ(reader_->resolve_run("zzz").status().error(), base::kErrUnknownRun);
  EXPECT_EQ(reader_->resolve_run("'; DROP").status().error(), base::kErrUnknownRun);
  EXPECT_EQ(reader_->resolve_run("").status().error(), base::kErrUnknownRun);
}

TEST_F(ReaderTest, AttemptsAreListedByRunAndTask) {
  const auto keys = walk(
      1, [&](const PageRequest& page) { return reader_->list_attempts(run_id(2), {}, page); },
      [](const engine::AttemptRow& row) { return std::to_string(row.key.epoch); });
  EXPECT_EQ(keys, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(reader_->list_attempts(run_id(2), 0, {})->rows.size(), 2u);
  EXPECT_EQ(reader_->list_attempts(run_id(2), 1, {})->rows.size(), 0u);
}

TEST_F(ReaderTest, DefinitionsAreFoundByNameAndDigest) {
  EXPECT_EQ(reader_->get_asset("orders")->pipeline, "shop");
  EXPECT_EQ(reader_->get_asset("order").status().error(), base::kErrUnknownAsset);
  EXPECT_EQ(reader_->list_assets("shop", {})->rows.size(), 2u);
  EXPECT_EQ(reader_->list_assets("other", {})->rows.size(), 0u);
  EXPECT_EQ(record_text(*reader_->get_module(digest("old"))),
            record_text(module_row("old", false)));
  EXPECT_EQ(reader_->active_modules()->size(), 1u);
  const auto modules = walk(
      1, [&](const PageRequest& page) { return reader_->list_modules(page); },
      [](const engine::ModuleRow& row) { return row.pipeline; });
  EXPECT_EQ(modules.size(), 2u);
  EXPECT_EQ(reader_->list_workers({})->rows.size(), 1u);
  EXPECT_EQ(record_text(*reader_->get_materialization(1)),
            record_text(materialization_row(1, "orders")));
  EXPECT_EQ(reader_->list_checks({run_id(1), 0, 1})->size(), 1u);
}

TEST_F(ReaderTest, MaterializationsOfAPartitionComeNewestFirst) {
  commit_rows(*store_, {materialization_row(3, "raw"), materialization_row(4, "orders"),
                        materialization_row(5, "orders")});
  const auto ids = [&](const engine::AssetPartition& of) {
    return walk(
        2, [&](const PageRequest& page) { return reader_->list_materializations(of, page); },
        [](const engine::MaterializationRow& row) { return std::to_string(row.id); });
  };
  EXPECT_EQ(ids({"orders", ""}), (std::vector<std::string>{"5", "4", "1"}));
  EXPECT_EQ(ids({"orders", "2026-11-27"}), (std::vector<std::string>{"2"}));
  EXPECT_EQ(ids({"orders", "2026-11-28"}), (std::vector<std::string>{}));
}

TEST_F(ReaderTest, ACurrentVersionIsThatOfThePartition) {
  EXPECT_EQ(reader_->get_current({"orders", ""})->id, 1);
  EXPECT_EQ(reader_->get_current({"orders", "2026-11-27"})->id, 2);
  for (const engine::AssetPartition& none :
       {engine::AssetPartition{"orders", "2026-11-28"}, {"raw", ""}, {"nothing", ""}}) {
    const auto missing = reader_->get_current(none).status();
    EXPECT_EQ(missing.code(), Code::kNotFound) << none.asset;
    EXPECT_EQ(missing.error(), base::kErrNeverMaterialized) << none.asset;
  }
}

TEST_F(ReaderTest, LeasesAreThoseOfLiveRuns) {
  EXPECT_EQ(*reader_->count_leases("w-1"), 1);
  EXPECT_EQ(*reader_->count_leases("worker-2"), 0);
}

TEST_F(ReaderTest, EventsGoOnFromACursor) {
  EXPECT_EQ(*reader_->last_seq(), 4);
  EXPECT_EQ(reader_->list_events(0, {}, 100)->size(), 4u);
  EXPECT_EQ(reader_->list_events(2, {}, 1)->front().seq, 3);
  EXPECT_EQ(reader_->list_events(3, run_id(2), 100)->front().run_seq, 2);
  EXPECT_EQ(record_text(reader_->list_events(0, run_id(1), 9)->front()),
            record_text(event_row(2, 1, 1)));
  {
    auto connection = store::Connection::open(directory_.file("weir.db"), store::OpenMode::kCreate);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(connection
                    ->exec("DELETE FROM events WHERE seq < 3; "
                           "INSERT INTO meta VALUES('events_pruned_to', '2')")
                    .ok());
  }
  EXPECT_EQ(reader_->list_events(1, {}, 9).status().code(), Code::kOutOfRange);
  EXPECT_EQ(reader_->list_events(2, {}, 9)->size(), 2u);
  EXPECT_EQ(reader_->list_events(4, {}, 9)->size(), 0u);
  EXPECT_EQ(reader_->list_events(5, {}, 9).status().code(), Code::kOutOfRange);
  EXPECT_EQ(reader_->list_events(5, run_id(1), 9).status().code(), Code::kOutOfRange);
}

TEST_F(ReaderTest, ForgedPageTokensAreRefused) {
  EXPECT_EQ(reader_->list_runs({}, {5, "not a run"}).status().error(), base::kErrPageToken);
  EXPECT_EQ(reader_->list_tasks(run_id(2), {}, "", {5, "x"}).status().error(), base::kErrPageToken);
  EXPECT_EQ(reader_->list_attempts(run_id(2), {}, {5, "1"}).status().error(), base::kErrPageToken);
  EXPECT_EQ(reader_->list_materializations({"a", ""}, {5, "1x"}).status().error(),
            base::kErrPageToken);
  EXPECT_EQ(reader_->list_modules({5, "ab"}).status().error(), base::kErrPageToken);
}

TEST_F(ReaderTest, ArtifactsCarryTheirInlineBytes) {
  EXPECT_EQ(reader_->get_artifact(digest("inline"))->bytes->size(), 7u);
  EXPECT_EQ(reader_->get_artifact(digest("large"))->bytes, nullptr);
  EXPECT_EQ(reader_->get_artifact(digest("none")).status().error(), base::kErrArtifactMissing);
}

TEST_F(ReaderTest, SoundDatabasePassesTheQuickCheck) { EXPECT_TRUE(reader_->quick_check().ok()); }

TEST_F(ReaderTest, UncommittedRowsAreNotSeen) {
  ASSERT_TRUE(store_->begin().ok());
  ASSERT_TRUE(store_->write(event_row(5, 2, 3)).ok());
  EXPECT_EQ(*reader_->last_seq(), 4);
  ASSERT_TRUE(store_->commit(engine::Durability::kSync).ok());
  EXPECT_EQ(*reader_->last_seq(), 5);
}

// A reader that closes last must leave the WAL alone: only the write connection checkpoints.
TEST_F(ReaderTest, ClosingReadersNeverCheckpoints) {
  EXPECT_EQ(*reader_->last_seq(), 4);
  const std::int64_t wal = store_->stats().wal_bytes.load();
  reader_.reset();
  EXPECT_EQ(store_->stats().wal_bytes.load(), wal);
  EXPECT_GT(std::filesystem::file_size(directory_.file("weir.db-wal")), 0u);
}

}  // namespace
}  // namespace weir::store_tests
