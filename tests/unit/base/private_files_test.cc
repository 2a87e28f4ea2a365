// Directories and files that others could read: what is closed and what is told. Under another
// umask than the usual one, which each case puts back.
// Files below a temporary directory.
#include "base/private_files.h"

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::base {
namespace {

class PrivateFilesTest : public testing::Test {
 protected:
  PrivateFilesTest() : mask_(::umask(0)) {
    root_ = testing::TempDir() + "weir-private-XXXXXX";
    EXPECT_NE(::mkdtemp(root_.data()), nullptr);
  }
  ~PrivateFilesTest() override {
    ::umask(mask_);
    std::filesystem::remove_all(root_);
  }

  static mode_t mode(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  const mode_t mask_;
  std::string root_;
};

TEST_F(PrivateFilesTest, DirectoriesAreMadePrivateWhateverTheUmask) {
  EXPECT_FALSE(make_private_directories(root_ + "/a/b"));
  EXPECT_EQ(mode(root_ + "/a"), 0700u);
  EXPECT_EQ(mode(root_ + "/a/b"), 0700u);
  EXPECT_FALSE(make_private_directories(root_ + "/a/b"));
}

TEST_F(PrivateFilesTest, WhatIsNoDirectoryIsTold) {
  ASSERT_TRUE(claim_file(root_ + "/file").ok());
  EXPECT_EQ(make_private_directories(root_ + "/file").value(), ENOTDIR);
  EXPECT_EQ(make_private_directories(root_ + "/file/below").value(), ENOTDIR);
}

TEST_F(PrivateFilesTest, AnOpenDirectoryIsClosedOnceAndThatIsTold) {
  const std::string path = root_ + "/open";
  ASSERT_EQ(::mkdir(path.c_str(), 0777), 0);
  EXPECT_TRUE(claim_directory(path).value());
  EXPECT_EQ(mode(path), 0700u);
  EXPECT_FALSE(claim_directory(path).value());
}

TEST_F(PrivateFilesTest, AFileIsMadeOrClosed) {
  const std::string path = root_ + "/file";
  EXPECT_FALSE(claim_file(path).value());
  EXPECT_EQ(mode(path), 0600u);
  ASSERT_EQ(::chmod(path.c_str(), 0664), 0);
  EXPECT_TRUE(claim_file(path).value());
  EXPECT_EQ(mode(path), 0600u);
}

TEST_F(PrivateFilesTest, ADirectoryOfAnotherUserIsRefused) {
  const std::string path = root_ + "/given";
  ASSERT_EQ(::mkdir(path.c_str(), 0777), 0);
  if (::chown(path.c_str(), 65534, 65534) != 0) GTEST_SKIP() << "only root can give one away";
  const Result<bool> claimed = claim_directory(path);
  EXPECT_EQ(claimed.status().code(), Code::kPermissionDenied);
  EXPECT_EQ(claimed.status().error(), kErrDataDirUnwritable);
  EXPECT_NE(claimed.status().message().find("65534"), std::string::npos);
  EXPECT_EQ(mode(path), 0777u);
}

}  // namespace
}  // namespace weir::base
