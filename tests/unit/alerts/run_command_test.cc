// The operator's command as a channel of alerts: what it is given, what its end means, that nothing
// of it is left when it is stopped or hangs. Runs real shell commands and waits for their ends, not
// for a time.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "scheduler/alerts/sender.h"
#include "tests/support/held_fifo.h"

namespace weir::alerts_tests {
namespace {

using alerts::run_command;
using base::Code;
using base::Status;
using std::chrono::milliseconds;
using tests::HeldFifo;

class RunCommandTest : public testing::Test {
 protected:
  RunCommandTest() {
    folder_ = testing::TempDir() + "weir-command-XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~RunCommandTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

// Started processes hold the FIFO open: its end is theirs.
TEST_F(RunCommandTest, CommandThatHangsIsKilledWithWhatItStarted) {
  const HeldFifo fifo(folder_ + "/held");
  const std::string holder = "(echo started; exec sleep 999) > " + fifo.path();
  const std::stop_token never;
  const Status status = run_command(holder + " & " + holder, "x", milliseconds(1'000), never);
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(fifo.read_to_end(), "started\nstarted\n");
}

TEST_F(RunCommandTest, StopRequestKillsWhatTheCommandStarted) {
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

TEST_F(RunCommandTest, CommandNeedNotReadItsInput) {
  const std::string large(1 << 20, 'x');
  EXPECT_TRUE(run_command("true", large, milliseconds(10'000), {}).ok());
  EXPECT_TRUE(run_command("test $(wc -c) -eq 1048576", large, milliseconds(10'000), {}).ok());
}

TEST_F(RunCommandTest, EndOfTheCommandIsTold) {
  const Status exited = run_command("exit 3", "", milliseconds(10'000), {});
  EXPECT_NE(exited.message().find("status 3"), std::string::npos);
  const Status killed = run_command("kill -9 $$", "", milliseconds(10'000), {});
  EXPECT_NE(killed.message().find("signal 9"), std::string::npos);
}

TEST_F(RunCommandTest, StopRequestEndsARunningCommand) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run_command("sleep 1000", "", milliseconds(100'000), stop.get_token()).code(),
            Code::kCanceled);
}

}  // namespace
}  // namespace weir::alerts_tests
