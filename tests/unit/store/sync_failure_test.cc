// A failed fsync ends the process before anything that depends on it is told to anybody. The
// functions of libc are replaced in this program only, which is why it stands alone. The deaths
// happen in child processes; the last test counts real syncs.
#include <atomic>
#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "scheduler/store/blob_store.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/unit/store/sample_rows.h"

namespace {
std::atomic<bool> fail_syncs{false};
std::atomic<int> syncs{0};

int sync_or_fail(long call, int fd) {
  ++syncs;
  if (!fail_syncs) return static_cast<int>(syscall(call, fd));
  errno = EIO;
  return -1;
}
}  // namespace

extern "C" {
__attribute__((visibility("default"))) int fsync(int fd) { return sync_or_fail(SYS_fsync, fd); }
__attribute__((visibility("default"))) int fdatasync(int fd) {
  return sync_or_fail(SYS_fdatasync, fd);
}
}

namespace weir::store_tests {
namespace {

using engine::Durability;
using store::SqliteStore;

TEST(SyncFailure, FailedSyncOfACommitAborts) {
  TemporaryDirectory directory;
  auto store = SqliteStore::open(directory.file("weir.db"));
  ASSERT_TRUE(store.ok());
  EXPECT_DEATH(
      {
        const base::Status began = (*store)->begin();
        const base::Status wrote = (*store)->write(event_row(1, 0, 0));
        fail_syncs = true;
        const base::Status done = (*store)->commit(Durability::kSync);
        if (began.ok() && wrote.ok() && done.ok()) _exit(0);
      },
      "fsync of the database failed");
}

TEST(SyncFailure, FailedSyncOfABlobAborts) {
  TemporaryDirectory directory;
  auto blobs =
      store::DiskBlobStore::open(directory.path(), nullptr, store::BlobOrigin::kFinishedWork);
  ASSERT_TRUE(blobs.ok());
  auto writer = (*blobs)->create(digest("x"), engine::ArtifactKind::kFile, 1);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->append("x").ok());
  EXPECT_DEATH(
      {
        fail_syncs = true;
        const base::Status done = (*writer)->finish();
        if (done.ok()) _exit(0);
      },
      "fsync of .* failed");
}

// What kSync and kLazy mean, seen from the kernel: one sync a commit, and none.
TEST(SyncFailure, SyncedCommitsSyncAndLazyOnesDoNot) {
  TemporaryDirectory directory;
  auto store = SqliteStore::open(directory.file("weir.db"));
  ASSERT_TRUE(store.ok());
  commit_rows(**store, {event_row(1, 0, 0)});
  int before = syncs;
  commit_rows(**store, {event_row(2, 0, 0)});
  EXPECT_EQ(syncs - before, 1);
  before = syncs;
  ASSERT_TRUE((*store)->begin_lazy().ok());
  ASSERT_TRUE((*store)->write(event_row(3, 0, 0)).ok());
  ASSERT_TRUE((*store)->commit(Durability::kLazy).ok());
  EXPECT_EQ(syncs - before, 0);
  commit_rows(**store, {event_row(4, 0, 0)});
  EXPECT_EQ(syncs - before, 1);
}

// A process that was killed may have left a commit that was never synced.
TEST(SyncFailure, FirstCommitOfAProcessSyncsWhatAnEarlierOneLeft) {
  TemporaryDirectory directory;
  auto store = SqliteStore::open(directory.file("weir.db"));
  ASSERT_TRUE(store.ok());
  for (const int expected : {1, 0}) {
    const int before = syncs;
    ASSERT_TRUE((*store)->begin().ok());
    ASSERT_TRUE((*store)->commit(Durability::kSync).ok());
    EXPECT_EQ(syncs - before, expected);
  }
}

}  // namespace
}  // namespace weir::store_tests
