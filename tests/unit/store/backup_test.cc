// Backups and their restoring: over real files in a temporary directory, with a store that is open
// where a scheduler would be at work. What is refused must leave everything as it was. One thread,
// no clock.
#include "scheduler/store/backup.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/text/record_text.h"
#include "scheduler/store/data_directory.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {
namespace {

namespace fs = std::filesystem;
using base::Code;
using store::SqliteStore;

class BackupTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> open() {
    fs::create_directories(data_);
    auto opened = SqliteStore::open(data_ + "/weir.db");
    EXPECT_TRUE(opened.ok()) << opened.status().text();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  std::string content() { return engine::snapshot_text(*open()->restore()); }

  TemporaryDirectory directory_;
  std::string data_ = directory_.file("data");
  std::string backup_ = directory_.file("backup.db");
};

TEST_F(BackupTest, CopyOfADatabaseInUseIsRestoredWithAGenerationOfItsOwn) {
  auto store = open();
  commit_rows(*store, sample_world());
  const std::string before = engine::snapshot_text(*store->restore());
  const auto report = store::back_up(data_, backup_);
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->last_seq, 4);
  EXPECT_EQ(report->files, 5);  // "large", and two of each module
  EXPECT_EQ(report->missing, 5);
  const std::uint64_t generation = store->generation();
  commit_rows(*store, {event_row(5, 2, 3), task_row(2, 0, engine::TaskState::kFailed)});
  const std::string after = engine::snapshot_text(*store->restore());
  store.reset();

  const auto restored = store::restore_backup(backup_, data_);
  ASSERT_TRUE(restored.ok()) << restored.status().text();
  EXPECT_EQ(restored->last_seq, 4);
  EXPECT_NE(restored->generation, generation);
  EXPECT_EQ(content(), before);
  EXPECT_EQ(open()->generation(), restored->generation);
  // What was there is kept.
  EXPECT_EQ(restored->replaced, data_ + "/weir.db.replaced");
  fs::rename(restored->replaced, data_ + "/weir.db");
  EXPECT_EQ(content(), after);
}

TEST_F(BackupTest, ListNamesTheFilesThatAreNotInTheCopy) {
  auto store = open();
  commit_rows(*store, sample_world());
  const std::string hex = digest("large").hex();
  const std::string path = "artifacts/sha256/" + hex.substr(0, 2) + "/" + hex.substr(2);
  fs::create_directories(fs::path(data_ + "/" + path).parent_path());
  std::ofstream(data_ + "/" + path) << "bytes";
  const auto report = store::back_up(data_, backup_);
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->files - report->missing, 1);
  std::ifstream in(report->file_list);
  std::string line;
  ASSERT_TRUE(std::getline(in, line));
  EXPECT_EQ(line, path);
}

TEST_F(BackupTest, NothingIsOverwrittenAndNothingIsMadeOfNothing) {
  EXPECT_EQ(store::back_up(data_, backup_).status().code(), Code::kNotFound);
  EXPECT_FALSE(fs::exists(backup_));
  open();
  std::ofstream(backup_) << "precious";
  EXPECT_EQ(store::back_up(data_, backup_).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(fs::file_size(backup_), 8u);
}

TEST_F(BackupTest, DirectoryOfALiveSchedulerIsRefused) {
  commit_rows(*open(), sample_world());
  ASSERT_TRUE(store::back_up(data_, backup_).ok());
  auto lock = store::DataDirectory::open(data_);
  ASSERT_TRUE(lock.ok());
  const std::uint64_t generation = open()->generation();
  EXPECT_EQ(store::restore_backup(backup_, data_).status().error(), base::kErrDataDirBusy);
  EXPECT_EQ(open()->generation(), generation);
}

TEST_F(BackupTest, DamagedAndForeignAndNewerCopiesAreRefusedAndLeaveTheDatabase) {
  commit_rows(*open(), sample_world());
  const std::string before = content();
  const auto refused = [&](Code code, int error) {
    const base::Status status = store::restore_backup(backup_, data_).status();
    EXPECT_EQ(status.code(), code) << status.text();
    EXPECT_EQ(status.error(), error) << status.text();
    EXPECT_EQ(content(), before);
    EXPECT_FALSE(fs::exists(data_ + "/weir.db.restoring"));
  };
  refused(Code::kNotFound, base::kErrStore);
  std::ofstream(backup_) << std::string(10'000, 'x');
  refused(Code::kDataLoss, base::kErrStore);
  fs::remove(backup_);
  {
    auto theirs = store::Connection::open(backup_, store::OpenMode::kCreate);
    ASSERT_TRUE(theirs.ok() && theirs->exec("CREATE TABLE theirs(x)").ok());
  }
  refused(Code::kDataLoss, base::kErrStore);
  fs::remove(backup_);
  ASSERT_TRUE(store::back_up(data_, backup_).ok());
  {
    auto newer = store::Connection::open(backup_, store::OpenMode::kCreate);
    ASSERT_TRUE(newer.ok() && newer->exec("PRAGMA user_version=999").ok());
  }
  refused(Code::kFailedPrecondition, base::kErrNewerSchema);
  fs::remove(backup_);
  fs::remove(backup_ + ".files");
  ASSERT_TRUE(store::back_up(data_, backup_).ok());
  {
    std::fstream file(backup_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 3);
    file << std::string(4096, '\7');
  }
  refused(Code::kDataLoss, base::kErrStore);
}

// The database that is there may be the reason for the restore.
TEST_F(BackupTest, DamagedDatabaseIsReplaced) {
  commit_rows(*open(), sample_world());
  const std::string before = content();
  ASSERT_TRUE(store::back_up(data_, backup_).ok());
  std::ofstream(data_ + "/weir.db") << std::string(20'000, 'x');
  const auto restored = store::restore_backup(backup_, data_);
  ASSERT_TRUE(restored.ok()) << restored.status().text();
  EXPECT_EQ(content(), before);
}

TEST_F(BackupTest, EmptyDirectoryIsRestoredInto) {
  commit_rows(*open(), sample_world());
  const std::string before = content();
  ASSERT_TRUE(store::back_up(data_, backup_).ok());
  data_ = directory_.file("elsewhere");
  const auto restored = store::restore_backup(backup_, data_);
  ASSERT_TRUE(restored.ok()) << restored.status().text();
  EXPECT_EQ(restored->replaced, "");
  EXPECT_EQ(content(), before);
}

}  // namespace
}  // namespace weir::store_tests
