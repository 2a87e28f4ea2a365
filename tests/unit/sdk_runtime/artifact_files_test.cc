// Artifacts on disk: where they stand, that altered bytes are found out, and what
// cannot be stored. Real files below a temporary directory; nothing of a failed
// write may stay behind.
#include "sdk/src/artifact_files.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "module/bundle.h"
#include "sdk/src/local/local_driver.h"

namespace weir::sdk_impl {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ArtifactFiles : public ::testing::Test {
 protected:
  fs::path write(const fs::path& relative, const std::string& text) {
    const fs::path path = temporary_.path() / relative;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  void alter(const fs::path& path, const std::string& text) {
    fs::permissions(path, fs::perms::owner_all);
    std::ofstream(path, std::ios::binary) << text;
  }

  TemporaryDirectory temporary_;
  fs::path artifacts_ = temporary_.path() / "artifacts";
};

TEST_F(ArtifactFiles, BytesStandUnderTheirDigestAndReadBack) {
  const std::string bytes(100'000, 'w');
  const auto stored = store_bytes(artifacts_, bytes, Sync::kDurable);
  ASSERT_TRUE(stored.ok()) << stored.status().text();
  const std::string hex = base::sha256(bytes).hex();
  EXPECT_EQ(stored->path, artifacts_ / "sha256" / hex.substr(0, 2) / hex.substr(2));
  EXPECT_EQ(stored->size, 100'000);
  EXPECT_EQ(read_artifact(stored->path, stored->digest).value(), bytes);
  EXPECT_TRUE(fs::is_empty(artifacts_ / "tmp"));
}

TEST_F(ArtifactFiles, StoringTheSameBytesAgainIsHarmless) {
  const auto first = store_bytes(artifacts_, "same", Sync::kDurable);
  const auto second = store_bytes(artifacts_, "same", Sync::kDurable);
  ASSERT_TRUE(second.ok()) << second.status().text();
  EXPECT_EQ(first->path, second->path);
}

TEST_F(ArtifactFiles, AlteredBytesAreDataLoss) {
  const auto stored = store_bytes(artifacts_, "before", Sync::kDurable);
  alter(stored->path, "after!");
  const auto read = read_artifact(stored->path, stored->digest);
  EXPECT_EQ(read.status().code(), base::Code::kDataLoss);
  EXPECT_EQ(read.status().error(), base::kErrArtifactCorrupt);
  EXPECT_EQ(verify_file(stored->path, stored->digest).code(), base::Code::kDataLoss);
}

TEST_F(ArtifactFiles, MissingArtifactsAreNotFound) {
  const auto read = read_artifact(artifacts_ / "nothing", base::sha256("x"));
  EXPECT_EQ(read.status().code(), base::Code::kNotFound);
  EXPECT_EQ(read.status().error(), base::kErrArtifactMissing);
}

TEST_F(ArtifactFiles, FilesKeepTheirBytes) {
  const fs::path source = write("in.bin", std::string("a\0b", 3));
  const auto stored = store_file(artifacts_, source, Sync::kDurable);
  ASSERT_TRUE(stored.ok()) << stored.status().text();
  EXPECT_EQ(stored->digest, base::sha256(std::string_view("a\0b", 3)));
  EXPECT_TRUE(verify_file(stored->path, stored->digest).ok());
  EXPECT_TRUE(fs::exists(source));
}

TEST_F(ArtifactFiles, TreesAreHashedByPathModeAndBytes) {
  write("tree/b.txt", "2");
  write("tree/deep/a.sh", "1");
  fs::permissions(temporary_.path() / "tree/deep/a.sh", fs::perms::owner_all);
  const auto stored = store_tree(artifacts_, temporary_.path() / "tree", Sync::kDurable);
  ASSERT_TRUE(stored.ok()) << stored.status().text();
  const std::vector<module::BundleEntry> lines{{"b.txt", base::sha256("2"), false},
                                               {"deep/a.sh", base::sha256("1"), true}};
  EXPECT_EQ(stored->digest, module::bundle_digest(lines));
  EXPECT_EQ(stored->size, 2);
  EXPECT_TRUE(verify_tree(stored->path, stored->digest).ok());
  EXPECT_TRUE(store_tree(artifacts_, temporary_.path() / "tree", Sync::kDurable).ok());
  EXPECT_TRUE(fs::is_empty(artifacts_ / "tmp"));
  alter(stored->path / "b.txt", "3");
  EXPECT_EQ(verify_tree(stored->path, stored->digest).code(), base::Code::kDataLoss);
}

TEST_F(ArtifactFiles, ATreeThatWasDamagedIsStoredAnew) {
  write("tree/a", "1");
  const auto stored = store_tree(artifacts_, temporary_.path() / "tree", Sync::kDurable);
  ASSERT_TRUE(stored.ok()) << stored.status().text();
  alter(stored->path / "a", "2");
  ASSERT_EQ(verify_tree(stored->path, stored->digest).code(), base::Code::kDataLoss);
  const auto again = store_tree(artifacts_, temporary_.path() / "tree", Sync::kDurable);
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_EQ(again->digest, stored->digest);
  EXPECT_TRUE(verify_tree(again->path, again->digest).ok());
  EXPECT_TRUE(fs::is_empty(artifacts_ / "tmp"));
  EXPECT_EQ(std::distance(fs::directory_iterator(artifacts_ / "damaged"), {}), 1);
}

TEST_F(ArtifactFiles, LinksAndMissingSourcesAreRefusedByName) {
  write("tree/a", "1");
  fs::create_symlink("a", temporary_.path() / "tree/link");
  const auto linked = store_tree(artifacts_, temporary_.path() / "tree", Sync::kQuick);
  EXPECT_THAT(linked.status().message(), HasSubstr("tree/link"));
  const auto missing = store_file(artifacts_, temporary_.path() / "gone", Sync::kQuick);
  EXPECT_EQ(missing.status().code(), base::Code::kInvalidArgument);
  EXPECT_THAT(missing.status().message(), HasSubstr("does not exist"));
  EXPECT_FALSE(store_file(artifacts_, temporary_.path() / "tree", Sync::kQuick).ok());
  EXPECT_FALSE(store_tree(artifacts_, temporary_.path() / "tree/a", Sync::kQuick).ok());
}

TEST_F(ArtifactFiles, AFailedWriteLeavesNothingBehind) {
  write("artifacts/sha256", "a file where a folder should be");
  const auto stored = store_bytes(artifacts_, "bytes", Sync::kDurable);
  EXPECT_FALSE(stored.ok());
  EXPECT_TRUE(fs::is_empty(artifacts_ / "tmp"));
}

}  // namespace
}  // namespace weir::sdk_impl
