// Uploads against a scheduler that is slow or takes nothing: what moves may take as long as it
// likes, what does not is begun again. The watchdog's patience is short here; a transfer has no
// other limit.
#include <filesystem>
#include <fstream>
#include <optional>
#include <poll.h>
#include <stdlib.h>

#include <gtest/gtest.h>

#include "tests/integration/worker/fake_scheduler.h"
#include "worker/agent/artifact_transfer.h"

namespace weir::worker {
namespace {

using namespace std::chrono_literals;

class TransferTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/weir-transfer-test-XXXXXX";
    directory_ = ::mkdtemp(name);
    scheduler_.start();
    link_.emplace(scheduler_.address(), "the-token", "");
  }
  void TearDown() override {
    scheduler_.stop();
    std::filesystem::remove_all(directory_);
  }
  std::string file_of(const std::string& bytes) {
    const std::string path = directory_ + "/value";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  // Runs letters until one of them has set the status.
  base::Status wait_for(const std::optional<base::Status>& status) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!status && std::chrono::steady_clock::now() < until) {
      pollfd wait{mailbox_.fd(), POLLIN, 0};
      ::poll(&wait, 1, 100);
      for (const Mailbox::Letter& letter : mailbox_.take()) letter();
    }
    return status.value_or(base::Status(base::Code::kDeadlineExceeded, 0, "no answer came"));
  }

  FakeScheduler scheduler_;
  std::string directory_;
  std::optional<Link> link_;
  Mailbox mailbox_;
};

TEST_F(TransferTest, AnUploadThatMovesNothingIsBegunAgain) {
  const std::string bytes(100'000, 's');
  const base::Digest digest = base::sha256(bytes);
  scheduler_.stuck_uploads = {std::string(digest.raw())};
  Watchdog watchdog(100ms);
  ArtifactTransfer transfer(*link_, directory_, mailbox_, watchdog);
  std::optional<base::Status> done;
  transfer.upload(digest, v1::ARTIFACT_KIND_BYTES, std::int64_t(bytes.size()), file_of(bytes),
                  [&](const base::Status& status) { done = status; });
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.canceled_uploads >= 2; }))
      << "given up, and tried again";
  {
    const std::lock_guard lock(scheduler_.mutex);
    scheduler_.stuck_uploads.clear();
  }
  EXPECT_TRUE(wait_for(done).ok());
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ(scheduler_.artifacts[std::string(digest.raw())], bytes);
}

}  // namespace
}  // namespace weir::worker
