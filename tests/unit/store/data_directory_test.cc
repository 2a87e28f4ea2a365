// The data directory and the disk it lies on: one scheduler only, the right refusals, the token's
// mode. Real files and locks in a temporary directory; full disks and network file systems are
// given as numbers, never made.
#include "scheduler/store/data_directory.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "scheduler/store/disk_guard.h"
#include "scheduler/store/storage.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {
namespace {

namespace fs = std::filesystem;
using base::Code;
using store::DataDirectory;

TEST(DataDirectory, IsMadeWithItsLayoutAndAPrivateToken) {
  TemporaryDirectory directory;
  auto opened = DataDirectory::open(directory.file("a/b"));
  ASSERT_TRUE(opened.ok()) << opened.status().text();
  for (const char* name : {"artifacts", "modules", "logs"}) {
    EXPECT_TRUE(fs::is_directory(directory.file("a/b/") + name));
  }
  struct stat info {};
  ASSERT_EQ(stat((*opened)->token_file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ((*opened)->token().size(), 64u);
}

TEST(DataDirectory, TokenIsKeptAndItsModeRepaired) {
  TemporaryDirectory directory;
  const std::string token = DataDirectory::open(directory.path()).value()->token();
  ASSERT_EQ(chmod(directory.file("token").c_str(), 0644), 0);
  EXPECT_EQ(DataDirectory::open(directory.path()).value()->token(), token);
  struct stat info {};
  ASSERT_EQ(stat(directory.file("token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(DataDirectory, SecondSchedulerIsRefusedByThePidOfTheFirst) {
  TemporaryDirectory directory;
  auto first = DataDirectory::open(directory.path());
  ASSERT_TRUE(first.ok());
  auto second = DataDirectory::open(directory.path());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().error(), base::kErrDataDirBusy);
  EXPECT_NE(second.status().message().find("process " + std::to_string(getpid())),
            std::string::npos)
      << second.status().message();
  first->reset();
  EXPECT_TRUE(DataDirectory::open(directory.path()).ok());
}

TEST(DataDirectory, PlaceThatCannotBeWrittenIsRefused) {
  TemporaryDirectory directory;
  std::ofstream(directory.file("file")) << "x";
  auto opened = DataDirectory::open(directory.file("file"));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().error(), base::kErrDataDirUnwritable);
  opened = DataDirectory::open("/proc/weir");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().error(), base::kErrDataDirUnwritable);
  for (const std::string& path :
       {std::string("/proc/weir"), directory.file("file"), directory.file("file/below")}) {
    opened = DataDirectory::open(path);
    ASSERT_FALSE(opened.ok()) << path;
    EXPECT_EQ(opened.status().error(), base::kErrDataDirUnwritable);
    const std::string said = opened.status().message();
    EXPECT_NE(said.find("cannot keep data in " + path), std::string::npos) << said;
    EXPECT_NE(said.find("with --data"), std::string::npos) << said;
  }
}

TEST(DataDirectory, NetworkFileSystemsAreKnownByTheirNumbers) {
  EXPECT_STREQ(store::network_file_system(0x6969), "NFS");
  EXPECT_STREQ(store::network_file_system(0xff534d42), "CIFS");
  EXPECT_EQ(store::network_file_system(0xef53), nullptr);      // ext4
  EXPECT_EQ(store::network_file_system(0x01021994), nullptr);  // tmpfs
}

TEST(DiskGuard, DefaultLimitIsTheSmallerOfOneGibAndFivePercent) {
  EXPECT_EQ(store::default_min_free(std::int64_t{100} << 30), std::int64_t{1} << 30);
  EXPECT_EQ(store::default_min_free(1000), 50);
  const auto finished = [](std::int64_t limit) {
    return store::for_finished_work({0, 0, limit}).limit_bytes;
  };
  EXPECT_EQ(finished(std::int64_t{1} << 30), store::kFinishedReserveBytes);
  EXPECT_EQ(finished(10), 10);  // who allowed less keeps less
}

TEST(DiskGuard, AdmitsDownToTheLimitAndNamesTheNumbers) {
  const store::DiskSpace space{1000, 10'000, 900};
  EXPECT_TRUE(store::judge_space(space, 0, "/data").ok());
  EXPECT_TRUE(store::judge_space(space, 100, "/data").ok());
  const base::Status status = store::judge_space(space, 101, "/data");
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.error(), base::kErrDiskFull);
  EXPECT_NE(status.message().find("1000 bytes are free"), std::string::npos);
  EXPECT_NE(status.message().find("900"), std::string::npos);
}

TEST(DiskGuard, OverrideDecides) {
  TemporaryDirectory directory;
  EXPECT_TRUE(store::DiskGuard(directory.path(), 0).admit().ok());
  EXPECT_FALSE(
      store::DiskGuard(directory.path(), std::numeric_limits<std::int64_t>::max()).admit().ok());
}

TEST(DiskGuard, FsyncProbeMeasuresAndCleansUp) {
  TemporaryDirectory directory;
  auto taken = store::probe_fsync_us(directory.path());
  ASSERT_TRUE(taken.ok());
  EXPECT_GE(*taken, 0);
  EXPECT_TRUE(fs::is_empty(directory.path()));
  EXPECT_FALSE(store::probe_fsync_us(directory.file("none")).ok());
}

TEST(Storage, OpensEverythingAndPublishesTheGeneration) {
  TemporaryDirectory directory;
  auto storage = store::open_storage({directory.file("data"), 0, 2});
  ASSERT_TRUE(storage.ok()) << storage.status().text();
  EXPECT_EQ(*storage->reader->last_seq(), 0);
  std::ifstream in(directory.file("data/artifacts/store_generation"));
  std::uint64_t generation = 0;
  in >> generation;
  EXPECT_EQ(generation, storage->store->generation());
  EXPECT_EQ(store::open_storage({directory.file("data"), 0, 2}).status().error(),
            base::kErrDataDirBusy);
}

}  // namespace
}  // namespace weir::store_tests
