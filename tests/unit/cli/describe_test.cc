// `MODULE describe` at registration: what hangs is cut off by its time and what prints without end
// by its output, with everything that it started.
// Runs real programs; waits for their end and not for a time.
#include "sdk/client/describe.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "sdk/client/module_bundle.h"
#include "tests/support/held_fifo.h"

namespace weir::client {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using tests::HeldFifo;

constexpr milliseconds kAmple{100'000};

class DescribeTest : public ::testing::Test {
 protected:
  DescribeTest() {
    folder_ = ::testing::TempDir() + "weir-describe-XXXXXX";
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  ~DescribeTest() override { std::filesystem::remove_all(folder_); }

  // What is said of a program that does this.
  base::Status describe_script(const std::string& text, milliseconds time) const {
    const std::string path = folder_ + "/program";
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return describe(path, module::ElfInfo(), time).status();
  }

  std::string folder_;
};

TEST_F(DescribeTest, OneThatHangsIsCutOffWithWhatItStarted) {
  const HeldFifo fifo(folder_ + "/held");
  const std::string holder = "(echo started; exec sleep 999) > " + fifo.path();
  const base::Status status = describe_script(
      "echo 'waits for a database' >&2; " + holder + " & " + holder, milliseconds(1'000));
  EXPECT_EQ(status.error(), base::kErrDescribeFailed);
  EXPECT_THAT(status.message(), HasSubstr("did not end within 1 s"));
  EXPECT_THAT(status.message(), HasSubstr("  | waits for a database"));
  EXPECT_EQ(fifo.read_to_end(), "started\nstarted\n");
}

TEST_F(DescribeTest, OutputWithoutEndIsCutOffWithWhatPrintsIt) {
  const HeldFifo fifo(folder_ + "/held");
  const base::Status status =
      describe_script("exec 3> " + fifo.path() + "; cat /dev/zero & cat /dev/zero", kAmple);
  EXPECT_EQ(status.error(), base::kErrDescribeFailed);
  EXPECT_THAT(status.message(), HasSubstr("printed more than 16 MiB"));
  EXPECT_EQ(fifo.read_to_end(), "");
}

TEST_F(DescribeTest, OutputUpToTheLimitIsReadWhole) {
  const std::string blanks = std::to_string(module::kManifestBytesMax - 2);
  const base::Status whole =
      describe_script("echo {; head -c " + blanks + " /dev/zero | tr '\\0' ' '", kAmple);
  EXPECT_THAT(whole.message(), HasSubstr("no manifest, at line:column")) << "it ends too early";
  const base::Status over =
      describe_script("echo {; head -c " + blanks + " /dev/zero | tr '\\0' ' '; echo", kAmple);
  EXPECT_THAT(over.message(), HasSubstr("printed more than"));
}

TEST_F(DescribeTest, ErrorsWithoutEndDoNotHideTheTimeLimit) {
  const base::Status status = describe_script("exec cat /dev/zero >&2", milliseconds(300));
  EXPECT_THAT(status.message(), HasSubstr("did not end within"));
}

TEST_F(DescribeTest, TheReasonThatTheModuleGaveIsTheHeadline) {
  const base::Status refused = describe_script(
      "echo 'a log line' >&2; printf \"error: WEIR-E0202: job 'j': no\\n  aab\\n  ^\\n\" >&2; exit "
      "2",
      kAmple);
  EXPECT_EQ(refused.code(), base::Code::kInvalidArgument);
  EXPECT_EQ(refused.error(), base::kErrUnknownAsset);
  EXPECT_EQ(refused.message(),
            "job 'j': no\n  aab\n  ^\n(said by '" + folder_ + "/program describe')");
  const base::Status other = describe_script("echo 'error: no such file' >&2; exit 2", kAmple);
  EXPECT_EQ(other.error(), base::kErrDescribeFailed);
  EXPECT_THAT(other.message(), HasSubstr("ended with exit code 2\n  | error: no such file"));
}

// Thrown before weir::main() could catch it.
TEST_F(DescribeTest, AnExceptionThatNobodyCaughtIsTheHeadline) {
  const std::string thrown =
      "printf \"terminate called after throwing an instance of 'weir::Failure'\\n  what():  ";
  const base::Status named = describe_script(
      thrown + "WEIR-E0101: 'Bad Name' is not a name\\n\" >&2; kill -ABRT $$", kAmple);
  EXPECT_EQ(named.error(), base::kErrBadName);
  EXPECT_THAT(named.message(), HasSubstr("'Bad Name' is not a name\n(said by '"));
  const base::Status other =
      describe_script(thrown + "no configuration\\n\" >&2; kill -ABRT $$", kAmple);
  EXPECT_EQ(other.error(), base::kErrDescribeFailed);
  EXPECT_THAT(other.message(), HasSubstr("did not catch, weir::Failure: no configuration"));
  const base::Status crashed = describe_script("kill -SEGV $$", kAmple);
  EXPECT_THAT(crashed.message(), HasSubstr("crashed with SIGSEGV; run it by hand"));
}

// As `weir register` does it, with programs of the machine's own format.
TEST_F(DescribeTest, RegistrationRefusesWhatHangsAndWhatPrintsWithoutEnd) {
  const auto hangs = load_bundle(HANGING_MODULE, milliseconds(300));
  EXPECT_EQ(hangs.status().error(), base::kErrDescribeFailed);
  EXPECT_THAT(hangs.status().message(), HasSubstr("did not end within"));
  const auto prints = load_bundle("/usr/bin/yes", kAmple);
  EXPECT_EQ(prints.status().error(), base::kErrDescribeFailed);
  EXPECT_THAT(prints.status().message(), HasSubstr("printed more than 16 MiB"));
}

}  // namespace
}  // namespace weir::client
