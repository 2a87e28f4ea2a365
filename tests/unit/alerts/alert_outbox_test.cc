// Outbox rows and the operator's command: delivered until it succeeds, acknowledged once, killed
// when it hangs. Runs real shell commands on the outbox's own thread and waits for
// acknowledgements, not for a time; what a command saw is read from files that it wrote.
#include "scheduler/loop/command_outbox.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <semaphore>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/support/held_fifo.h"

namespace weir::loop_tests {
namespace {

using base::Code;
using base::Status;
using loop::CommandOutbox;
using loop::run_command;
using std::chrono::milliseconds;
using tests::HeldFifo;

// An inbox that counts acknowledgements and can be full.
class Acknowledgements final : public ports::Inbox {
 public:
  Status post(ports::CommandBody body, ports::ReplyHandler) override {
    if (refusals > 0) {
      --refusals;
      return {Code::kResourceExhausted, base::kErrQueueFull, "full"};
    }
    const std::lock_guard lock(mutex);
    ids.push_back(std::get<engine::OutboxDelivered>(body).id);
    arrived.release();
    return {};
  }
  std::atomic<int> refusals{0};
  std::mutex mutex;
  std::vector<std::int64_t> ids;  // guarded by mutex
  std::counting_semaphore<> arrived{0};
};

class CommandOutboxTest : public testing::Test {
 protected:
  CommandOutboxTest() {
    folder_ = testing::TempDir() + "weir-outbox-XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~CommandOutboxTest() override { std::filesystem::remove_all(folder_); }
  std::string contents(const std::string& name) const {
    std::ifstream in(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static engine::OutboxRow row(std::int64_t id) {
    return {id, "run_finished", "{\"id\":" + std::to_string(id) + "}\n", false, {}};
  }
  loop::CommandOutboxOptions options(const std::string& command) const {
    return {command, milliseconds(10'000), milliseconds(1), milliseconds(4)};
  }

  std::string folder_;
  Acknowledgements inbox_;
};

TEST_F(CommandOutboxTest, RowsAreDeliveredInOrderAndAcknowledgedOnce) {
  CommandOutbox outbox(options("cat >> " + folder_ + "/out"));
  EXPECT_TRUE(outbox.offer(row(2)));
  EXPECT_TRUE(outbox.offer(row(1)));
  EXPECT_TRUE(outbox.offer(row(1)));
  outbox.start(inbox_);
  inbox_.arrived.acquire();
  inbox_.arrived.acquire();
  outbox.stop();
  EXPECT_EQ(contents("out"), "{\"id\":1}\n{\"id\":2}\n");
  EXPECT_TRUE(outbox.offer(row(1)));  // the deletion is still under way
  EXPECT_EQ(outbox.waiting(), 0u);
  EXPECT_EQ(inbox_.ids, (std::vector<std::int64_t>{1, 2}));
}

TEST_F(CommandOutboxTest, FailingCommandIsRetriedUntilItSucceeds) {
  CommandOutbox outbox(
      options("echo x >> " + folder_ + "/tries; test $(wc -l < " + folder_ + "/tries) -ge 3"));
  outbox.start(inbox_);
  EXPECT_TRUE(outbox.offer(row(7)));
  inbox_.arrived.acquire();
  outbox.stop();
  EXPECT_EQ(contents("tries"), "x\nx\nx\n");
  EXPECT_EQ(outbox.last_failure(), "");
}

TEST_F(CommandOutboxTest, RefusedAcknowledgementDoesNotRunTheCommandAgain) {
  inbox_.refusals = 2;
  CommandOutbox outbox(options("echo x >> " + folder_ + "/tries"));
  outbox.start(inbox_);
  EXPECT_TRUE(outbox.offer(row(7)));
  inbox_.arrived.acquire();
  outbox.stop();
  EXPECT_EQ(contents("tries"), "x\n");
}

TEST_F(CommandOutboxTest, FullQueueRefuses) {
  CommandOutbox outbox(options("true"));
  for (std::size_t i = 0; i < loop::kOutboxRowsMax; ++i) {
    ASSERT_TRUE(outbox.offer(row(static_cast<std::int64_t>(i))));
  }
  EXPECT_FALSE(outbox.offer(row(1 << 30)));
}

// Started processes hold the FIFO open: its end is theirs.
TEST_F(CommandOutboxTest, CommandThatHangsIsKilledWithWhatItStarted) {
  const HeldFifo fifo(folder_ + "/held");
  const std::string holder = "(echo started; exec sleep 999) > " + fifo.path();
  const std::stop_token never;
  const Status status = run_command(holder + " & " + holder, "x", milliseconds(1'000), never);
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(fifo.read_to_end(), "started\nstarted\n");
}

TEST_F(CommandOutboxTest, StopRequestKillsWhatTheCommandStarted) {
  const HeldFifo fifo(folder_ + "/held");
  std::stop_source stop;
  Status status;
  {
    const std::jthread runner([&] {
      status = run_command("(echo started; exec sleep 999) > " + fifo.path() + " & sleep 999", "x",
                           milliseconds(100'000), stop.get_token());
    });
    EXPECT_EQ(fifo.read_line(), "started");
    stop.request_stop();
  }
  EXPECT_EQ(status.code(), Code::kCanceled);
  EXPECT_EQ(fifo.read_to_end(), "");
}

TEST_F(CommandOutboxTest, CommandNeedNotReadItsInput) {
  const std::string large(1 << 20, 'x');
  EXPECT_TRUE(run_command("true", large, milliseconds(10'000), {}).ok());
  EXPECT_TRUE(run_command("test $(wc -c) -eq 1048576", large, milliseconds(10'000), {}).ok());
}

TEST_F(CommandOutboxTest, EndOfTheCommandIsTold) {
  const Status exited = run_command("exit 3", "", milliseconds(10'000), {});
  EXPECT_NE(exited.message().find("status 3"), std::string::npos);
  const Status killed = run_command("kill -9 $$", "", milliseconds(10'000), {});
  EXPECT_NE(killed.message().find("signal 9"), std::string::npos);
}

TEST_F(CommandOutboxTest, StopRequestEndsARunningCommand) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run_command("sleep 1000", "", milliseconds(100'000), stop.get_token()).code(),
            Code::kCanceled);
}

}  // namespace
}  // namespace weir::loop_tests
