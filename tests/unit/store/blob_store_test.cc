// Blobs: bytes in, the same bytes out, nothing visible that is not whole, nothing outside of the
// store. Real files in a temporary directory, in memory where possible; damage is done to them
// behind the store's back. One thread.
#include "scheduler/store/blob_store.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "module/bundle.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {
namespace {

namespace fs = std::filesystem;
using base::Code;
using engine::ArtifactKind;
using store::DiskBlobStore;

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class BlobStoreTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    auto opened = DiskBlobStore::open(root_, nullptr, store::BlobOrigin::kFinishedWork);
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    blobs_ = std::move(opened).value();
  }
  base::Status put(const base::Digest& name, const std::string& bytes) {
    auto writer = blobs_->create(name, ArtifactKind::kFile, -1);
    if (!writer.ok()) return writer.status();
    base::Status status = (*writer)->append(bytes);
    return status.ok() ? (*writer)->finish() : status;
  }
  // Files as {path, bytes}; those that begin with "bin" are executable.
  base::Status put_tree(const base::Digest& name,
                        const std::vector<std::pair<std::string, std::string>>& files) {
    auto writer = blobs_->create(name, ArtifactKind::kTree, -1);
    if (!writer.ok()) return writer.status();
    for (const auto& [path, bytes] : files) {
      base::Status status = (*writer)->start_file(path, path.starts_with("bin"));
      if (status.ok()) status = (*writer)->append(bytes);
      if (!status.ok()) return status;
    }
    return (*writer)->finish();
  }
  std::size_t temporary_files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(root_ + "/tmp"), fs::directory_iterator()));
  }

  TemporaryDirectory directory_;
  std::string root_ = directory_.file("artifacts");
  std::unique_ptr<DiskBlobStore> blobs_;
};

TEST_F(BlobStoreTest, TheLimitOfFreeSpaceHoldsForNewWorkAndNotForValuesThatWereMade) {
  const store::DiskGuard guard(directory_.file(""), std::int64_t{1} << 60);
  const auto create = [&](store::BlobOrigin origin) {
    auto store = DiskBlobStore::open(root_, &guard, origin);
    return (*store)->create(digest("x"), ArtifactKind::kFile, 1).status();
  };
  EXPECT_EQ(create(store::BlobOrigin::kNewWork).error(), base::kErrDiskFull);
  const base::Status taken = create(store::BlobOrigin::kFinishedWork);
  EXPECT_TRUE(taken.ok()) << taken.text();
}

TEST_F(BlobStoreTest, FinishedBlobIsHeldAndReadBack) {
  const std::string bytes(3'000'000, 'a');
  EXPECT_FALSE(blobs_->contains(digest(bytes)));
  ASSERT_TRUE(put(digest(bytes), bytes).ok());
  EXPECT_TRUE(blobs_->contains(digest(bytes)));
  auto files = blobs_->files(digest(bytes));
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(files->front().path, "");
  EXPECT_EQ(files->front().size, 3'000'000);
  EXPECT_EQ(contents(files->front().absolute_path), bytes);
  EXPECT_TRUE(blobs_->verify(digest(bytes)).ok());
  EXPECT_EQ(temporary_files(), 0u);
  EXPECT_EQ(blobs_->path_of(digest(bytes)), root_ + "/sha256/" + digest(bytes).hex().substr(0, 2) +
                                                "/" + digest(bytes).hex().substr(2));
}

TEST_F(BlobStoreTest, EmptyBlobIsABlob) {
  ASSERT_TRUE(put(digest(""), "").ok());
  EXPECT_EQ(blobs_->files(digest(""))->front().size, 0);
}

TEST_F(BlobStoreTest, BytesOfAnotherDigestAreRefusedAndLeaveNothing) {
  const base::Status status = put(digest("announced"), "sent");
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_EQ(status.error(), base::kErrFileDigest);
  EXPECT_FALSE(blobs_->contains(digest("announced")));
  EXPECT_FALSE(blobs_->contains(digest("sent")));
  EXPECT_EQ(temporary_files(), 0u);
}

TEST_F(BlobStoreTest, MoreOrFewerBytesThanAnnouncedAreRefused) {
  auto longer = blobs_->create(digest("four"), ArtifactKind::kBytes, 3);
  ASSERT_TRUE(longer.ok());
  EXPECT_EQ((*longer)->append("four").code(), Code::kDataLoss);
  auto shorter = blobs_->create(digest("four"), ArtifactKind::kBytes, 5);
  ASSERT_TRUE(shorter.ok());
  ASSERT_TRUE((*shorter)->append("four").ok());
  EXPECT_EQ((*shorter)->finish().code(), Code::kDataLoss);
}

TEST_F(BlobStoreTest, UnfinishedWriterLeavesNothing) {
  {
    auto writer = blobs_->create(digest("x"), ArtifactKind::kFile, -1);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->append("x").ok());
    EXPECT_EQ(temporary_files(), 1u);
  }
  EXPECT_EQ(temporary_files(), 0u);
  EXPECT_FALSE(blobs_->contains(digest("x")));
}

TEST_F(BlobStoreTest, WritingABlobTwiceIsHarmless) {
  ASSERT_TRUE(put(digest("x"), "x").ok());
  ASSERT_TRUE(put(digest("x"), "x").ok());
  EXPECT_TRUE(blobs_->verify(digest("x")).ok());
}

base::Digest tree_digest(const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<module::BundleEntry> entries;
  for (const auto& [path, bytes] : files) {
    entries.push_back({path, base::sha256(bytes), path.starts_with("bin")});
  }
  return module::bundle_digest(entries);
}

TEST_F(BlobStoreTest, TreeKeepsPathsBytesAndExecutableBits) {
  const std::vector<std::pair<std::string, std::string>> files{
      {"z.txt", "last"}, {"bin/run", "#!"}, {"a/b/c", "deep"}, {"a-b", "dash"}};
  const base::Digest name = tree_digest(files);
  ASSERT_TRUE(put_tree(name, files).ok());
  ASSERT_TRUE(put_tree(name, files).ok());  // a second writer of the same tree
  auto listed = blobs_->files(name);
  ASSERT_TRUE(listed.ok());
  std::vector<std::string> paths;
  for (const ports::BlobFile& file : *listed) {
    paths.push_back(file.path);
    EXPECT_EQ(file.executable, file.path == "bin/run");
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"a-b", "a/b/c", "bin/run", "z.txt"}));
  EXPECT_EQ(contents((*listed)[1].absolute_path), "deep");
  EXPECT_TRUE(blobs_->verify(name).ok());
  EXPECT_EQ(temporary_files(), 0u);
}

TEST_F(BlobStoreTest, TreeOfAnotherDigestIsRefused) {
  EXPECT_EQ(put_tree(tree_digest({{"a", "1"}}), {{"a", "2"}}).error(), base::kErrFileDigest);
  EXPECT_EQ(put_tree(tree_digest({{"a", "1"}}), {{"b", "1"}}).error(), base::kErrFileDigest);
  EXPECT_EQ(put_tree(tree_digest({{"a", "1"}}), {}).error(), base::kErrFileDigest);
}

TEST_F(BlobStoreTest, PathsThatLeaveTheTreeAreRefused) {
  for (const std::string& path :
       {std::string("../out"), std::string("/etc/passwd"), std::string("a/../../out"),
        std::string(""), std::string("."), std::string("a//b"), std::string("a/"),
        std::string("a\0b", 3), std::string("a/./b"), std::string(300, 'x'),
        std::string(2000, '/')}) {
    auto writer = blobs_->create(digest("tree"), ArtifactKind::kTree, -1);
    ASSERT_TRUE(writer.ok());
    EXPECT_EQ((*writer)->start_file(path, false).code(), Code::kInvalidArgument) << path;
  }
  EXPECT_FALSE(fs::exists(directory_.file("out")));
}

TEST_F(BlobStoreTest, PlainBlobsHaveNoFilesAndTreesNoLooseBytes) {
  auto plain = blobs_->create(digest("x"), ArtifactKind::kFile, -1);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ((*plain)->start_file("a", false).code(), Code::kFailedPrecondition);
  auto tree = blobs_->create(digest("x"), ArtifactKind::kTree, -1);
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ((*tree)->append("x").code(), Code::kFailedPrecondition);
  EXPECT_EQ(blobs_->create(digest("x"), ArtifactKind::kExternal, -1).status().code(),
            Code::kInvalidArgument);
}

TEST_F(BlobStoreTest, DamagedBytesAreFoundByVerify) {
  ASSERT_TRUE(put(digest("good"), "good").ok());
  std::ofstream(blobs_->path_of(digest("good"))) << "evil";
  const base::Status status = blobs_->verify(digest("good"));
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_EQ(status.error(), base::kErrArtifactCorrupt);
}

// A name that is taken must not keep a damaged blob for ever.
TEST_F(BlobStoreTest, DamagedBlobIsSetAsideAndCanBeStoredAgain) {
  ASSERT_TRUE(put(digest("good"), "good").ok());
  ASSERT_TRUE(blobs_->set_aside_damaged(digest("good")).ok());
  EXPECT_TRUE(blobs_->contains(digest("good")));  // it is sound
  std::ofstream(blobs_->path_of(digest("good"))) << "evil";
  ASSERT_TRUE(blobs_->set_aside_damaged(digest("good")).ok());
  EXPECT_FALSE(blobs_->contains(digest("good")));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ + "/damaged"), {}), 1);
  ASSERT_TRUE(put(digest("good"), "good").ok());
  EXPECT_TRUE(blobs_->verify(digest("good")).ok());
  EXPECT_TRUE(blobs_->set_aside_damaged(digest("never held")).ok());
}

TEST_F(BlobStoreTest, DamagedTreeIsReplacedByTheNextWriter) {
  const base::Digest name = tree_digest({{"a", "1"}, {"b", "2"}});
  ASSERT_TRUE(put_tree(name, {{"a", "1"}, {"b", "2"}}).ok());
  fs::remove(blobs_->path_of(name) + "/b");
  ASSERT_EQ(blobs_->verify(name).code(), Code::kDataLoss);
  ASSERT_TRUE(put_tree(name, {{"a", "1"}, {"b", "2"}}).ok());
  EXPECT_TRUE(blobs_->verify(name).ok());
  EXPECT_TRUE(fs::is_empty(root_ + "/tmp"));
}

TEST_F(BlobStoreTest, LinkInsideATreeIsReportedAsDamage) {
  const base::Digest name = tree_digest({{"a", "1"}});
  ASSERT_TRUE(put_tree(name, {{"a", "1"}}).ok());
  fs::create_symlink("/etc/passwd", blobs_->path_of(name) + "/link");
  EXPECT_EQ(blobs_->files(name).status().error(), base::kErrArtifactCorrupt);
}

TEST_F(BlobStoreTest, LostFileIsNotFoundAndForgotten) {
  ASSERT_TRUE(put(digest("x"), "x").ok());
  fs::remove(blobs_->path_of(digest("x")));
  EXPECT_EQ(blobs_->files(digest("x")).status().error(), base::kErrArtifactMissing);
  EXPECT_FALSE(blobs_->contains(digest("x")));
}

TEST_F(BlobStoreTest, StartRemovesOurLeftoversAndSparesLivingExecutors) {
  std::ofstream(root_ + "/tmp/scheduler-1-0") << "ours";
  std::ofstream(root_ + "/tmp/executor-5") << "still being written";
  std::ofstream(root_ + "/tmp/executor-4") << "abandoned";
  fs::last_write_time(root_ + "/tmp/executor-4",
                      fs::file_time_type::clock::now() - std::chrono::hours(25));
  reopen();
  EXPECT_FALSE(fs::exists(root_ + "/tmp/scheduler-1-0"));
  EXPECT_TRUE(fs::exists(root_ + "/tmp/executor-5"));
  EXPECT_FALSE(fs::exists(root_ + "/tmp/executor-4"));
}

TEST_F(BlobStoreTest, BlobWrittenByAnExecutorIsFound) {
  const std::string path = blobs_->path_of(digest("theirs"));
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path) << "theirs";
  EXPECT_TRUE(blobs_->contains(digest("theirs")));
}

TEST_F(BlobStoreTest, FullDiskRefusesNewBlobs) {
  const store::DiskGuard guard(directory_.path(), std::numeric_limits<std::int64_t>::max() / 2);
  auto opened = DiskBlobStore::open(root_, &guard, store::BlobOrigin::kNewWork);
  ASSERT_TRUE(opened.ok());
  auto writer = (*opened)->create(digest("x"), ArtifactKind::kFile, 1);
  EXPECT_EQ(writer.status().code(), Code::kResourceExhausted);
  EXPECT_EQ(writer.status().error(), base::kErrDiskFull);
}

}  // namespace
}  // namespace weir::store_tests
