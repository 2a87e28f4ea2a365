// What is SQLite's alone: reopening after a kill, migrations, the disk being full, housekeeping,
// the audit by hand. A kill is a copy of the files as they lie there, a full disk a limit on pages.
// What every store owes is store_test's. One thread.
#include "scheduler/store/sqlite_store.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/errors.h"
#include "engine/text/record_text.h"
#include "scheduler/store/schema.h"
#include "scheduler/store/sqlite_reader.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {
namespace {

namespace fs = std::filesystem;
using engine::Durability;
using store::Connection;
using store::Migration;
using store::OpenMode;
using store::SqliteStore;

std::unique_ptr<SqliteStore> open_store(const std::string& path) {
  auto opened = SqliteStore::open(path);
  EXPECT_TRUE(opened.ok()) << opened.status().text();
  return opened.ok() ? std::move(opened).value() : nullptr;
}

std::int64_t query(const std::string& path, const std::string& sql) {
  auto connection = Connection::open(path, OpenMode::kReadOnly);
  EXPECT_TRUE(connection.ok());
  auto value = connection->int64(sql);
  EXPECT_TRUE(value.ok()) << value.status().text();
  return value.ok() ? *value : -1;
}

void execute(const std::string& path, const char* sql) {
  auto connection = Connection::open(path, OpenMode::kCreate);
  ASSERT_TRUE(connection.ok());
  const base::Status status = connection->exec(sql);
  ASSERT_TRUE(status.ok()) << status.text();
}

// A wall clock that is never set.
base::Now clocks(base::WallTime wall) { return {wall, base::BootTime(wall.time_since_epoch())}; }

// The files as they lie there when the process is killed: nothing was closed or checkpointed.
std::string copy_of(const TemporaryDirectory& directory) {
  const std::string copy = directory.file("copy");
  fs::create_directory(copy);
  for (const char* name : {"weir.db", "weir.db-wal"}) {
    if (fs::exists(directory.file(name))) fs::copy_file(directory.file(name), copy + "/" + name);
  }
  return copy + "/weir.db";
}

TEST(SqliteStore, CommittedRowsSurviveAKillAndOpenOnesDoNot) {
  TemporaryDirectory directory;
  auto store = open_store(directory.file("weir.db"));
  commit_rows(*store, sample_world());
  const std::string before = engine::snapshot_text(*store->restore());
  ASSERT_TRUE(store->begin().ok());
  write_all_rows(*store, {event_row(5, 2, 3)});
  auto reopened = open_store(copy_of(directory));
  EXPECT_EQ(engine::snapshot_text(*reopened->restore()), before);
}

TEST(SqliteStore, GenerationIsKeptByTheFileAndDiffersBetweenFiles) {
  TemporaryDirectory directory;
  const std::uint64_t first = open_store(directory.file("weir.db"))->generation();
  EXPECT_NE(first, 0u);
  EXPECT_EQ(open_store(directory.file("weir.db"))->generation(), first);
  EXPECT_NE(open_store(directory.file("other.db"))->generation(), first);
}

TEST(SqliteStore, FileIsMadeWithTheSettingsThatCannotChangeLater) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  auto store = open_store(path);
  EXPECT_EQ(query(path, "PRAGMA auto_vacuum"), 2);  // incremental
  EXPECT_EQ(query(path, "SELECT COUNT(*) FROM pragma_journal_mode WHERE journal_mode='wal'"), 1);
  EXPECT_EQ(query(path,
                  "SELECT COUNT(*) FROM pragma_table_list WHERE schema='main' AND "
                  "type='table' AND name NOT LIKE 'sqlite_%' AND NOT strict"),
            0);
}

TEST(SqliteStore, NewerSchemaIsRefusedAndLeftAlone) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  open_store(path).reset();
  execute(path, "PRAGMA user_version=999");
  auto opened = SqliteStore::open(path);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().error(), base::kErrNewerSchema);
  EXPECT_NE(opened.status().message().find("999"), std::string::npos);
  EXPECT_EQ(query(path, "PRAGMA user_version"), 999);
}

TEST(SqliteStore, FileOfAnotherProgramIsRefused) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  execute(path, "CREATE TABLE theirs(x)");
  auto opened = SqliteStore::open(path);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), base::Code::kDataLoss);
  std::ofstream(directory.file("text.db")) << std::string(5000, 'x');
  opened = SqliteStore::open(directory.file("text.db"));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), base::Code::kDataLoss);
}

TEST(Migrations, OnlyTheMissingOnesAreApplied) {
  TemporaryDirectory directory;
  auto connection = Connection::open(directory.file("x.db"), OpenMode::kCreate);
  ASSERT_TRUE(connection.ok());
  const std::array<Migration, 2> steps{{{1, "CREATE TABLE a(x)"}, {2, "CREATE TABLE b(x)"}}};
  ASSERT_TRUE(store::migrate(*connection, std::span(steps).first(1)).ok());
  ASSERT_TRUE(store::migrate(*connection, steps).ok());
  ASSERT_TRUE(store::migrate(*connection, steps).ok());
  EXPECT_EQ(*connection->int64("PRAGMA user_version"), 2);
  EXPECT_EQ(*connection->int64("SELECT COUNT(*) FROM sqlite_schema"), 2);
}

TEST(Migrations, AnAssetOfTheFirstSchemaIsKeptAndHasMissedNothing) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  {
    base::Result<store::Connection> connection =
        store::Connection::open(path, store::OpenMode::kCreate);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(connection->exec("PRAGMA application_id=1466263922").ok());  // ours
    ASSERT_TRUE(store::migrate(*connection, store::migrations().first(1)).ok());
    ASSERT_TRUE(connection->exec("INSERT INTO assets VALUES('orders', 'shop', 't1', 0, 0)").ok());
  }
  auto store = open_store(path);
  ASSERT_NE(store, nullptr);
  const auto snapshot = store->restore();
  ASSERT_TRUE(snapshot.ok());
  ASSERT_EQ(snapshot->assets.size(), 1u);
  EXPECT_EQ(snapshot->assets[0].name, "orders");
  EXPECT_TRUE(snapshot->partitions.empty());
  commit_rows(*store,
              {engine::AssetPartitionRow{{"orders", ""}, 0, run_id(7), "x failed", {}, ""}});
  EXPECT_EQ(store->restore()->partitions[0].settled_by, run_id(7));
}

// What was kept by asset and by stage is that of the empty partition, lineage and pins included.
TEST(Migrations, VersionsCursorsLineageAndPinsMoveToTheEmptyPartition) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  const std::string hex(64, 'a'), digest = "x'" + hex + "'";
  const std::string read = "[[\"raw\",3,\"" + hex +
                           "\",9007199254740993,\"tree\",\"t \\\"2\\\"\"]," + "[\"late\",0,\"" +
                           std::string(64, '0') + "\",0,\"bytes\",\"\"]]";
  {
    base::Result<store::Connection> connection =
        store::Connection::open(path, store::OpenMode::kCreate);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(connection->exec("PRAGMA application_id=1466263922").ok());  // ours
    ASSERT_TRUE(store::migrate(*connection, store::migrations().first(8)).ok());
    const std::string run = "'" + run_id(1).text() + "'";
    const std::string rows =
        "INSERT INTO assets VALUES('orders', 'shop', 't1', 0, 7, " + run +
        ", ''),"
        "('raw', 'shop', 't2', 0, 0, " +
        run +
        ", 'raw failed'), ('new', 'shop', 't', 1, 0, NULL, '');"
        "INSERT INTO cursors VALUES('shop:orders', 5, " +
        digest +
        ");"
        "INSERT INTO materializations VALUES(7, 'orders', " +
        run + ", 0, 1, " + digest + ", 3, 'bytes', 't1', '{}', 'v1', " + digest + ", '" + read +
        "', 60),"
        "(6, 'orders', " +
        run + ", 0, 1, " + digest + ", 3, 'bytes', 't1', '{}', 'v1', " + digest +
        ", '[]', 50);"
        "INSERT INTO runs(run_id, state, job, selection, params, reason, message, priority, "
        "modules, "
        "pins, task_count, created_at) VALUES(" +
        run + ", 'queued', '', 'a', '{}', '', '', 0, '[]', '" + read +
        "', 0, 1);"
        "INSERT INTO checks VALUES(" +
        run + ", 0, 1, 'orders', 'c', 'warn', 1, '', '{}', 2);";
    const base::Status written = connection->exec(rows.c_str());
    ASSERT_TRUE(written.ok()) << written.text();
  }
  auto store = open_store(path);
  ASSERT_NE(store, nullptr);
  const auto snapshot = store->restore();
  ASSERT_TRUE(snapshot.ok());
  EXPECT_TRUE(snapshot->quarantined.empty());
  EXPECT_EQ(snapshot->assets.size(), 3u);
  ASSERT_EQ(snapshot->partitions.size(), 2u);
  EXPECT_EQ(snapshot->partitions[0].key, (engine::AssetPartition{"orders", ""}));
  EXPECT_EQ(snapshot->partitions[0].materialization, 7);
  EXPECT_EQ(snapshot->partitions[1].missed, "raw failed");
  ASSERT_EQ(snapshot->cursors.size(), 1u);
  EXPECT_EQ(snapshot->cursors[0].key, (engine::StagePartition{"shop:orders", ""}));
  EXPECT_EQ(snapshot->cursors[0].version, 5);
  ASSERT_EQ(snapshot->current.size(), 1u);
  const engine::AssetVersion raw{
      {"raw", ""},
      3,
      {*base::Digest::parse(hex), 9'007'199'254'740'993, engine::ArtifactKind::kTree, "t \"2\""}};
  EXPECT_EQ(snapshot->current[0].inputs,
            (std::vector{raw, engine::AssetVersion{{"late", ""}, 0, {}}}));
  auto reader = store::SqliteReader::open(path, 1);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->get_run(run_id(1))->run.pins, snapshot->current[0].inputs);
  EXPECT_EQ((*reader)->list_materializations({"orders", ""}, {})->rows.size(), 2u);
  EXPECT_EQ((*reader)->list_checks({run_id(1), 0, 1})->size(), 1u);
}

// Which module declared a schedule was told by its name, where pipelines' names begin with each
// other's by the longest.
TEST(Migrations, ASchedulesPipelineIsThatOfItsName) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  {
    base::Result<Connection> connection = Connection::open(path, OpenMode::kCreate);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(connection->exec("PRAGMA application_id=1466263922").ok());  // ours
    ASSERT_TRUE(store::migrate(*connection, store::migrations().first(17)).ok());
    std::string rows;
    const std::pair<const char*, int> schedules[] = {
        {"shop/eu/daily", 1}, {"shop/daily", 1}, {"gone/daily", 1}, {"shop/by_hand", 0}};
    for (const auto& [name, declared] : schedules) {
      rows += "INSERT INTO schedules VALUES('" + std::string(name) + "', " +
              std::to_string(declared) +
              ", 0, 'shop/j', '[\"@daily\"]', 'UTC', '{}', '[]', '[]', '', '', 0, 'latest', 0, "
              "1000, 'queue_one', 5, 0, NULL, NULL, '', '', 5, 'x', NULL);";
    }
    for (const char* pipeline : {"shop", "shop/eu"}) {
      rows +=
          "INSERT INTO modules(digest, pipeline, manifest, files, registered_at, active) "
          "VALUES(x'" +
          base::sha256(pipeline).hex() + "', '" + pipeline + "', '{}', '[]', 1, 1);";
    }
    const base::Status written = connection->exec(rows.c_str());
    ASSERT_TRUE(written.ok()) << written.text();
  }
  auto store = open_store(path);
  ASSERT_NE(store, nullptr);
  const auto snapshot = store->restore();
  ASSERT_TRUE(snapshot.ok());
  std::map<std::string, std::string> pipelines;
  for (const engine::ScheduleRow& row : snapshot->schedules) pipelines[row.name] = row.pipeline;
  EXPECT_EQ(pipelines, (std::map<std::string, std::string>{{"gone/daily", "gone"},
                                                           {"shop/by_hand", ""},
                                                           {"shop/daily", "shop"},
                                                           {"shop/eu/daily", "shop/eu"}}));
}

TEST(Migrations, FailedStepChangesNothing) {
  TemporaryDirectory directory;
  auto connection = Connection::open(directory.file("x.db"), OpenMode::kCreate);
  ASSERT_TRUE(connection.ok());
  const std::array<Migration, 2> steps{
      {{1, "CREATE TABLE a(x)"}, {2, "CREATE TABLE b(x); CREATE TABLE a(x)"}}};
  EXPECT_FALSE(store::migrate(*connection, steps).ok());
  EXPECT_EQ(*connection->int64("PRAGMA user_version"), 1);
  EXPECT_EQ(*connection->int64("SELECT COUNT(*) FROM sqlite_schema"), 1);
  EXPECT_FALSE(connection->in_transaction());
}

TEST(SqliteStore, FullDatabaseIsResourceExhaustedAndRecovers) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  auto store = open_store(path);
  commit_rows(*store, sample_world());
  const std::string before = engine::snapshot_text(*store->restore());
  ASSERT_TRUE(store->limit_pages_for_test(1).ok());  // no page more than there are
  ASSERT_TRUE(store->begin().ok());
  base::Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    engine::ReplyRow row;
    row.key = "key" + std::to_string(i);
    row.payload = std::string(10'000, 'x');
    status = store->write(row);
  }
  EXPECT_EQ(status.code(), base::Code::kResourceExhausted);
  EXPECT_EQ(status.error(), base::kErrDiskFull);
  store->rollback();
  EXPECT_EQ(engine::snapshot_text(*store->restore()), before);
  ASSERT_TRUE(store->limit_pages_for_test(1'000'000).ok());
  commit_rows(*store, {event_row(5, 2, 3)});
  EXPECT_EQ(store->restore()->last_seq, 5);
}

TEST(SqliteStore, OldRepliesArePrunedInBoundedRounds) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  auto store = open_store(path);
  const base::WallTime now = at(100'000'000);
  std::vector<engine::Record> rows;
  for (int i = 0; i < store::kRepliesPrunedMax + 10; ++i) {
    engine::ReplyRow row;
    row.key = "old" + std::to_string(i);
    row.at = now - store::kReplyAge - std::chrono::seconds(1);
    rows.emplace_back(row);
  }
  engine::ReplyRow fresh;
  fresh.key = "fresh";
  fresh.at = now - store::kReplyAge + std::chrono::hours(1);
  rows.emplace_back(fresh);
  commit_rows(*store, rows);
  ASSERT_TRUE(store->housekeeping(clocks(now), false).ok());
  EXPECT_EQ(query(path, "SELECT COUNT(*) FROM replies"), 11);
  ASSERT_TRUE(store->housekeeping(clocks(now), false).ok());  // within a minute
  EXPECT_EQ(query(path, "SELECT COUNT(*) FROM replies"), 11);
  ASSERT_TRUE(store->housekeeping(clocks(now + std::chrono::minutes(1)), true).ok());
  EXPECT_EQ(query(path, "SELECT COUNT(*) FROM replies"), 1);
  EXPECT_EQ(store->stats().replies_pruned.load(), store::kRepliesPrunedMax + 10);
}

// A scheduler that is never idle must not fall behind what it prunes.
TEST(SqliteStore, BusyHousekeepingGoesOnSoonWhereALimitStoppedIt) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  auto store = open_store(path);
  base::WallTime now = at(100'000'000);
  std::vector<engine::Record> rows;
  const int rounds = 4;
  for (int i = 0; i < rounds * store::kRepliesPrunedMax; ++i) {
    engine::ReplyRow row;
    row.key = "old" + std::to_string(i);
    row.payload = std::string(12'000, 'x');
    row.at = now - store::kReplyAge - std::chrono::seconds(1);
    rows.emplace_back(row);
  }
  commit_rows(*store, rows);
  for (int round = 1; round <= rounds; ++round) {
    ASSERT_TRUE(store->housekeeping(clocks(now), false).ok());
    EXPECT_EQ(query(path, "SELECT COUNT(*) FROM replies"),
              (rounds - round) * store::kRepliesPrunedMax);
    ASSERT_TRUE(store->housekeeping(clocks(now), false).ok());  // at once: nothing
    EXPECT_EQ(query(path, "SELECT COUNT(*) FROM replies"),
              (rounds - round) * store::kRepliesPrunedMax);
    now += store::kPruneAgain;
  }
  const std::int64_t pages = query(path, "PRAGMA page_count");
  std::int64_t free = query(path, "PRAGMA freelist_count");
  ASSERT_GT(free, store::kFreePagesKept);
  while (free > store::kFreePagesKept) {
    ASSERT_TRUE(store->housekeeping(clocks(now), false).ok());
    const std::int64_t left = query(path, "PRAGMA freelist_count");
    ASSERT_LT(left, free);
    ASSERT_LE(free - left, store::kVacuumPagesMax);
    free = left;
    now += store::kPruneAgain;
  }
  EXPECT_EQ(free, store::kFreePagesKept);  // to be written on
  EXPECT_LT(query(path, "PRAGMA page_count"), pages);
}

TEST(SqliteStore, IdleHousekeepingCheckpointsTheWholeWal) {
  TemporaryDirectory directory;
  auto store = open_store(directory.file("weir.db"));
  commit_rows(*store, sample_world());
  EXPECT_GT(store->stats().wal_bytes.load(), 0);
  ASSERT_TRUE(store->housekeeping(clocks(at(0)), false).ok());
  EXPECT_GT(store->stats().wal_bytes.load(), 0);
  ASSERT_TRUE(store->housekeeping(clocks(at(0)), true).ok());
  EXPECT_EQ(store->stats().wal_bytes.load(), 0);
  EXPECT_GT(store->stats().checkpoint_us.count(), 0u);
}

TEST(SqliteStore, BusyHousekeepingCheckpointsPastTheLimit) {
  TemporaryDirectory directory;
  auto store = open_store(directory.file("weir.db"));
  for (int i = 0; i < 300; ++i) {
    engine::ArtifactRow row{digest(std::to_string(i)), 64 << 10, engine::ArtifactKind::kBytes,
                            std::make_shared<const std::string>(64 << 10, 'x')};
    commit_rows(*store, {row});
    ASSERT_TRUE(store->housekeeping(clocks(at(0)), false).ok());
    ASSERT_LE(store->stats().wal_bytes.load(), store::kWalBytesMax);
  }
  EXPECT_GE(store->stats().checkpoint_us.count(), 1u);
}

// Zeros stand behind the frames: a kill before the WAL was ever full must restore what is before
// them, and nothing that was left there.
TEST(SqliteStore, WalIsLaidOutAheadAndRestoresFromItsFrames) {
  TemporaryDirectory directory;
  auto store = open_store(directory.file("weir.db"));
  EXPECT_GE(fs::file_size(directory.file("weir.db-wal")), std::uintmax_t(store::kWalBytesReady));
  commit_rows(*store, sample_world());
  EXPECT_LT(store->stats().wal_bytes.load(), store::kWalBytesReady);
  const std::string copy = copy_of(directory);
  EXPECT_GE(fs::file_size(copy + "-wal"), std::uintmax_t(store::kWalBytesReady));
  auto again = open_store(copy);
  auto expected = store->restore();
  auto restored = again->restore();
  ASSERT_TRUE(expected.ok() && restored.ok());
  EXPECT_EQ(restored->runs.size(), expected->runs.size());
  EXPECT_EQ(query(copy, "SELECT COUNT(*) FROM events"),
            query(directory.file("weir.db"), "SELECT COUNT(*) FROM events"));
}

// The query that a person writes to see whether a task of a run was committed more than once.
TEST(SqliteStore, TablesCanBeAuditedByHand) {
  TemporaryDirectory directory;
  const std::string path = directory.file("weir.db");
  auto store = open_store(path);
  commit_rows(*store, sample_world());
  const std::string audit =
      "SELECT COUNT(*) FROM (SELECT run_id, task, COUNT(*) FROM attempts "
      "WHERE outcome='succeeded' GROUP BY 1,2 HAVING COUNT(*)<>1)";
  EXPECT_EQ(query(path, audit), 0);
  commit_rows(*store, {attempt_row(1, 0, 2, engine::OutcomeClass::kSucceeded)});
  EXPECT_EQ(query(path, audit), 1);
  EXPECT_EQ(query(path, "SELECT COUNT(*) FROM runs WHERE run_id='" + run_id(2).text() + "'"), 1);
}

TEST(SqliteStore, StatisticsTellSyncedFromLazyCommits) {
  TemporaryDirectory directory;
  auto store = open_store(directory.file("weir.db"));
  commit_rows(*store, {event_row(1, 0, 0)});
  ASSERT_TRUE(store->begin_lazy().ok());
  ASSERT_TRUE(store->write(event_row(2, 0, 0)).ok());
  ASSERT_TRUE(store->commit(Durability::kLazy).ok());
  EXPECT_EQ(store->stats().sync_commits.load(), 1);
  EXPECT_EQ(store->stats().lazy_commits.load(), 1);
}

}  // namespace
}  // namespace weir::store_tests
