// Exit codes do not lie: which failure ends with which code, and what a mistyped command line gets
// from the whole parser. Runs commands that need no scheduler; one thread.
// Each test stands alone: none writes a file or keeps state for the next.
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "cli/app.h"
#include "cli/invocation.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

struct Output {
  int code = 0;
  std::string out;
  std::string err;
};

Output run(std::vector<std::string> arguments) {
  CaptureStdout();
  CaptureStderr();
  Output output;
  output.code = run_command_line(std::move(arguments));
  output.out = GetCapturedStdout();
  output.err = GetCapturedStderr();
  return output;
}

TEST(ExitCodeTest, TheVersionIsAnOptionAsWellAsACommand) {
  const Output option = run({"--version"});
  EXPECT_EQ(option.code, 0) << option.err;
  EXPECT_EQ(option.out, run({"version"}).out);
}

TEST(ExitCodeTest, EachKindOfFailureHasItsCode) {
  EXPECT_EQ(exit_code(Status()), 0);
  EXPECT_EQ(exit_code(Status(Code::kInvalidArgument, base::kErrSelection, "")), 2);
  EXPECT_EQ(exit_code(Status(Code::kNotFound, base::kErrUnknownRun, "")), 2);
  EXPECT_EQ(exit_code(Status(Code::kFailedPrecondition, base::kErrBreakingChange, "")), 2);
  EXPECT_EQ(exit_code(Status(Code::kCanceled, 0, "")), 3);
  EXPECT_EQ(exit_code(Status(Code::kUnavailable, base::kErrUnreachable, "")), 4);
  EXPECT_EQ(exit_code(Status(Code::kUnauthenticated, base::kErrUnauthenticated, "")), 4);
  EXPECT_EQ(exit_code(Status(Code::kDeadlineExceeded, base::kErrTimedOut, "")), 4);
  EXPECT_EQ(exit_code(Status(Code::kUnimplemented, base::kErrUnreachable, "")), 4);
  EXPECT_EQ(exit_code(Status(Code::kUnimplemented, base::kErrUsage, "")), 2);
  EXPECT_EQ(exit_code(Status(Code::kResourceExhausted, base::kErrDiskFull, "")), 1);
  EXPECT_EQ(exit_code(Status(Code::kDataLoss, base::kErrArtifactCorrupt, "")), 1);
  EXPECT_EQ(exit_code(Status(Code::kInternal, base::kErrInternal, "")), 1);
}

TEST(CommandLineTest, UnknownCommandSuggestsTheNearest) {
  const Output output = run({"rnus", "list"});
  EXPECT_EQ(output.code, 2);
  EXPECT_THAT(output.err, HasSubstr("Did you mean 'runs'?"));
  EXPECT_THAT(output.err, HasSubstr("WEIR-E0002"));
  EXPECT_THAT(output.out, IsEmpty());
}

TEST(CommandLineTest, ACommandOfTwoOtherLettersIsNotSuggested) {
  const Output output = run({"db"});
  EXPECT_EQ(output.code, 2);
  EXPECT_THAT(output.err, Not(HasSubstr("Did you mean")));
}

TEST(CommandLineTest, HelpOfEachCommandNamesTheGlobalOptions) {
  EXPECT_THAT(run({"runs", "--help"}).out, HasSubstr("Global options: weir --help"));
  EXPECT_THAT(run({"runs", "list", "--help"}).out, HasSubstr("Global options: weir --help"));
  const Output worker = run({"worker", "--help"});
  EXPECT_THAT(worker.out, HasSubstr("--scheduler"));
  EXPECT_THAT(worker.out, HasSubstr("--token-file"));
}

TEST(CommandLineTest, UnknownOptionSuggestsTheNearest) {
  const Output output = run({"runs", "list", "--jop", "x"});
  EXPECT_EQ(output.code, 2);
  EXPECT_THAT(output.err, HasSubstr("Did you mean '--job'?"));
}

TEST(CommandLineTest, UsageErrorsPrintNoData) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"run"},
           {"runs"},
           {"runs", "list", "--limit", "many"},
           {"-o", "yaml", "version"},
           {"logs", "@last", "--stream", "sound"},
           {"events", "--since", "-3"},
           {"version", "--tz", "Mars/Olympus"},
           {"runs", "list", "--since", "sometime", "--scheduler", "127.0.0.1:1"},
           {"runs", "list", "--state", "suceeded", "--scheduler", "127.0.0.1:1"},
           {"run", "job", "-p", "nonsense", "--scheduler", "127.0.0.1:1"},
           {"run", "job", "--timeout", "soon", "--scheduler", "127.0.0.1:1"},
           {"init", "Not-A-Name"}}) {
    const Output output = run(words);
    EXPECT_EQ(output.code, 2) << words.front() << "\n" << output.err;
    EXPECT_THAT(output.out, IsEmpty()) << words.front();
    EXPECT_THAT(output.err, HasSubstr("WEIR-E")) << words.front();
  }
}

TEST(CommandLineTest, GlobalOptionsStandAnywhere) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"-o", "json", "version"}, {"version", "-o", "json"}, {"version", "--output=json"}}) {
    const Output output = run(words);
    EXPECT_EQ(output.code, 0);
    EXPECT_THAT(output.out, HasSubstr("\"version\": \""));
  }
}

TEST(CommandLineTest, HelpGoesToStdout) {
  const Output output = run({"runs", "list", "--help"});
  EXPECT_EQ(output.code, 0);
  EXPECT_THAT(output.out, HasSubstr("weir runs list"));
  EXPECT_THAT(output.err, IsEmpty());
}

TEST(CommandLineTest, UnreachableSchedulerSaysHowToStartOne) {
  const Output output = run({"runs", "list", "--scheduler", "127.0.0.1:1"});
  EXPECT_EQ(output.code, 4);
  EXPECT_THAT(output.err, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(output.err, HasSubstr("weir up"));
  EXPECT_THAT(output.out, IsEmpty());
}

TEST(CommandLineTest, FollowingBeginsWithASchedulerThatIsThere) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"events", "-f"}, {"events", "-f", "--since", "0"}, {"logs", "-f", "@last"}}) {
    std::vector<std::string> there = words;
    there.insert(there.end(), {"--scheduler", "127.0.0.1:1"});
    const Output output = run(there);
    EXPECT_EQ(output.code, 4) << words.front();
    EXPECT_THAT(output.err, HasSubstr("weir up")) << words.front();
  }
}

TEST(CommandLineTest, ASequenceNumberIsNotExplainedByItsRange) {
  const Output output = run({"events", "--since", "-1"});
  EXPECT_EQ(output.code, 2);
  EXPECT_THAT(output.err, HasSubstr("'-1' is not a sequence number"));
  EXPECT_LT(output.err.size(), 200u);
}

TEST(CommandLineTest, HelpOffersNoSelectionThatIsNotUnderstood) {
  EXPECT_THAT(run({"materialize", "--help"}).out, Not(HasSubstr("tag:")));
}

TEST(CommandLineTest, CompletionOffersCommandsAndOptionsAndIsSilentWithoutScheduler) {
  EXPECT_EQ(run({"__complete", "--", "ru"}).out, "run\nruns\n");
  EXPECT_THAT(run({"__complete", "--", "runs", "list", "--st"}).out, HasSubstr("--state\n"));
  const Output names = run({"__complete", "--", "runs", "watch", ""});
  EXPECT_EQ(names.code, 0);
  EXPECT_THAT(names.err, IsEmpty());
}

TEST(CommandLineTest, CompletionOffersTheValuesOfAnOption) {
  EXPECT_EQ(run({"__complete", "--", "-o", ""}).out, "table\nwide\njson\njsonl\nname\n");
  EXPECT_EQ(run({"__complete", "--", "runs", "list", "--output", "js"}).out, "json\njsonl\n");
  EXPECT_THAT(run({"__complete", "--", "up", "--data", ""}).out, IsEmpty());
  EXPECT_EQ(run({"__complete", "--", "logs", "--stream", "std"}).out, "stdout\nstderr\n");
  EXPECT_EQ(run({"__complete", "--", "-q", "ru"}).out, "run\nruns\n");
}

// With stdout as `fd`, which this takes; what was left of it is dropped before the next command.
Output run_into(int fd, std::vector<std::string> arguments) {
  std::fflush(stdout);
  const int kept = ::dup(STDOUT_FILENO);
  ::dup2(fd, STDOUT_FILENO);
  ::close(fd);
  CaptureStderr();
  Output output;
  output.code = run_command_line(std::move(arguments));
  output.err = GetCapturedStderr();
  ::__fpurge(stdout);
  std::clearerr(stdout);
  ::dup2(kept, STDOUT_FILENO);
  ::close(kept);
  return output;
}

TEST(LostOutputTest, IsToldOnceAndIsNoSuccess) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"version"}, {"version", "-o", "json"}, {"--help"}, {"completion", "bash"}}) {
    const Output output = run_into(::open("/dev/full", O_WRONLY | O_CLOEXEC), words);
    EXPECT_EQ(output.code, 1) << words.front();
    EXPECT_THAT(output.err, HasSubstr("cannot write to stdout: No space left")) << words.front();
    EXPECT_EQ(output.err.find("WEIR-E"), output.err.rfind("WEIR-E")) << output.err;
  }
}

TEST(LostOutputTest, AReaderThatHasSeenEnoughIsNoErrorWorthALine) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  const Output output = run_into(ends[1], {"version"});
  ::signal(SIGPIPE, before);
  EXPECT_EQ(output.code, 141);
  EXPECT_THAT(output.err, IsEmpty());
}

TEST(LostOutputTest, AFailureKeepsItsCode) {
  const Output output = run_into(::open("/dev/full", O_WRONLY | O_CLOEXEC), {"frobnicate"});
  EXPECT_EQ(output.code, 2);
}

}  // namespace
}  // namespace weir::cli
