// Programs that are started and run to their end: what they get, what they print, and what becomes
// of what they leave behind.
// Runs the shell; waits for ends and not for times.
#include "base/child.h"

#include <array>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::base {
namespace {

using End = RunResult::End;

RunResult run_shell(const std::string& script, std::string input = {}) {
  RunPlan plan;
  plan.arguments = {"sh", "-c", script};  // found by PATH
  plan.input = std::move(input);
  plan.time = std::chrono::minutes(1);
  return run_program(plan);
}

TEST(RunProgram, TellsWhatWasPrintedAndHowItEnded) {
  const RunResult exited = run_shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(exited.end, End::kExited);
  EXPECT_EQ(exited.code, 3);
  EXPECT_EQ(exited.out, "out\n");
  EXPECT_EQ(exited.err, "err\n");
  const RunResult killed = run_shell("kill -TERM $$");
  EXPECT_EQ(killed.end, End::kSignaled);
  EXPECT_EQ(killed.code, SIGTERM);
}

TEST(RunProgram, OneThatCannotBeStartedIsTold) {
  RunPlan plan;
  plan.arguments = {"/nonexistent/program"};
  const RunResult result = run_program(plan);
  EXPECT_EQ(result.end, End::kNotStarted);
  EXPECT_EQ(result.problem.code(), Code::kNotFound);
  EXPECT_NE(result.problem.message().find("/nonexistent/program"), std::string::npos);
}

TEST(RunProgram, InputIsGivenWholeAndNoInputIsItsEnd) {
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(run_shell("wc -c", large).out, "1048576\n");
  EXPECT_EQ(run_shell("wc -c").out, "0\n");
}

TEST(RunProgram, IgnoredSignalsAreNotInherited) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGTERM, &ignore, &before), 0);
  const RunResult killed = run_shell("kill -TERM $$; echo still here");
  ASSERT_EQ(::sigaction(SIGTERM, &before, nullptr), 0);
  EXPECT_EQ(killed.end, End::kSignaled) << killed.out;
}

TEST(Child, GetsDescriptorsUnderTheirNumbersAndVariablesInPlaceOfOurs) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  ASSERT_EQ(::setenv("WEIR_CHILD_TEST", "ours", 1), 0);
  ChildPlan plan;
  plan.arguments = {"sh", "-c", "echo $WEIR_CHILD_TEST >&5; exit 7"};
  plan.environment = {"WEIR_CHILD_TEST=theirs"};
  plan.descriptors = {{ends[1], 5}};
  Result<Child> child = Child::start(plan);
  ::close(ends[1]);
  ASSERT_TRUE(child.ok()) << child.status().message();
  const ChildEnd end = child->wait();
  EXPECT_EQ(end.exit_code, 7);
  EXPECT_EQ(end.signal, 0);
  char said[64] = {};
  EXPECT_GT(::read(ends[0], said, sizeof said - 1), 0);
  EXPECT_STREQ(said, "theirs\n");
  EXPECT_EQ(::read(ends[0], said, sizeof said), 0) << "somebody else holds it";
  ::close(ends[0]);
}

TEST(Child, OneThatIsDroppedEndsWithWhatItStarted) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  {
    ChildPlan plan;
    plan.arguments = {"sh", "-c", "sleep 999 & echo started; sleep 999"};
    plan.descriptors = {{ends[1], STDOUT_FILENO}};
    const Result<Child> child = Child::start(plan);
    ::close(ends[1]);
    ASSERT_TRUE(child.ok()) << child.status().message();
    char said[64] = {};
    ASSERT_GT(::read(ends[0], said, sizeof said - 1), 0);
    EXPECT_STREQ(said, "started\n");
  }
  char nothing = 0;
  EXPECT_EQ(::read(ends[0], &nothing, 1), 0);  // both have let go of it
  ::close(ends[0]);
}

}  // namespace
}  // namespace weir::base
