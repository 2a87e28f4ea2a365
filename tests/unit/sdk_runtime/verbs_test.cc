// A module program run by hand: what its verbs print, and the exit codes that
// scripts rely on. The weir program is a shell script here, which shows what it
// was given.
#include <cstdio>
#include <fstream>
#include <string>
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module/manifest.h"
#include "sdk/src/local/local_driver.h"

namespace weir::sdk_impl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Finished {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class Verbs : public ::testing::Test {
 protected:
  Finished run(const std::string& arguments, const std::string& environment = "",
               const std::string& program = SAMPLE_MODULE) {
    const std::string err_file = (temporary_.path() / "err").string();
    const std::string command = environment + " " + program + " " + arguments + " 2>" + err_file;
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    Finished out;
    char buffer[4096];
    for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
      out.out.append(buffer, got);
    }
    const int status = ::pclose(pipe);
    out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    std::ifstream err(err_file);
    out.err.assign(std::istreambuf_iterator<char>(err), {});
    return out;
  }
  // Whichever verb is the first to meet the mistake says the same of it.
  void expect_refused(const std::string& mistake, const std::string& message) {
    for (const char* const verb : {"describe", "graph", "run"}) {
      const Finished ended = run(verb, "BROKEN=" + mistake, BROKEN_MODULE);
      EXPECT_EQ(ended.exit_code, 2) << mistake << " " << verb;
      EXPECT_EQ(ended.out, "") << mistake << " " << verb;
      EXPECT_THAT(ended.err, HasSubstr(message)) << mistake << " " << verb;
    }
  }
  std::string path(const std::string& name) { return (temporary_.path() / name).string(); }

  TemporaryDirectory temporary_;
};

TEST_F(Verbs, DescribePrintsAManifestAndNothingElse) {
  const Finished described = run("describe");
  EXPECT_EQ(described.exit_code, 0);
  EXPECT_EQ(described.err, "");
  const auto json = base::Json::parse(described.out);
  ASSERT_TRUE(json.ok()) << json.status().text();
  const auto manifest = module::manifest_from_json(json.value());
  ASSERT_TRUE(manifest.ok()) << manifest.status().text();
  EXPECT_EQ(manifest->stages.size(), 22u);
  EXPECT_EQ(manifest->params.at(0).defaults, R"({"count":3,"word":"x"})");
  EXPECT_EQ(manifest->jobs.at(0).name, "good");
}

TEST_F(Verbs, ALockFileMatchesUntilThePipelineChanges) {
  EXPECT_EQ(run("describe --lock " + path("lock")).exit_code, 0);
  EXPECT_EQ(run("describe --lock " + path("lock") + " --check").exit_code, 0);
  std::ifstream in(path("lock"));
  std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(text, Not(HasSubstr("compiler")));
  const auto at = text.find("\"skipped\"");
  std::ofstream(path("lock")) << text.replace(at, 9, "\"removed\"");
  const Finished checked = run("describe --lock " + path("lock") + " --check");
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_THAT(checked.out, HasSubstr("-      \"name\": \"removed\""));
  EXPECT_THAT(checked.out, HasSubstr("+      \"name\": \"skipped\""));
  EXPECT_THAT(checked.err, HasSubstr("WEIR-E0113"));
}

TEST_F(Verbs, AMissingLockFileIsAUsageError) {
  EXPECT_EQ(run("describe --lock " + path("none") + " --check").exit_code, 2);
}

TEST_F(Verbs, GraphShowsWhatDependsOnWhat) {
  const Finished text = run("graph");
  EXPECT_THAT(text.out, HasSubstr("numbers  <-  param(limits)\n"));
  EXPECT_THAT(text.out, HasSubstr("sum  <-  numbers\n"));
  EXPECT_LT(text.out.find("sum  <-"), text.out.find("large  <-"));
  EXPECT_THAT(run("graph --dot").out, HasSubstr("\"numbers\" -> \"sum\";"));
}

TEST_F(Verbs, RunSucceedsWithASummaryOfFigures) {
  const Finished ran = run("run numbers");
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("succeeded  numbers"));
  EXPECT_THAT(ran.out, HasSubstr("rows 3"));
  EXPECT_THAT(ran.out, HasSubstr("run succeeded"));
  EXPECT_THAT(ran.err, HasSubstr("numbers  running"));
  EXPECT_THAT(ran.err, HasSubstr("numbers | info: made numbers"));
}

TEST_F(Verbs, RunTakesParametersAndJobs) {
  EXPECT_THAT(run("run numbers -p limits.count=9").out, HasSubstr("rows 9"));
  EXPECT_THAT(run("run numbers -p 'limits={\"count\":8}'").out, HasSubstr("rows 8"));
  const Finished job = run("run --job good --max-parallel 2");
  EXPECT_EQ(job.exit_code, 0) << job.err;
  EXPECT_THAT(job.out, HasSubstr("succeeded  read_file"));
}

TEST_F(Verbs, RunTakesTheTimeThatItIsFor) {
  const Finished ran = run("run says_time --at 2026-12-01T02:00");
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("for 2026-12-01T02:00:00Z"));
  EXPECT_THAT(run("run says_time --at 2026-12-01T02:00+01:00").out,
              HasSubstr("for 2026-12-01T01:00:00Z"));
  const Finished wrong = run("run says_time --at yesterday");
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--at: time 'yesterday': a time is written like"));
}

TEST_F(Verbs, DescribeRefusesWhatIsWrongWithASchedule) {
  const auto described = [&](const std::string& mistake) {
    const Finished ended = run("describe", "BROKEN=" + mistake, BROKEN_MODULE);
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_EQ(ended.out, "");
    return ended.err;
  };
  EXPECT_THAT(
      described("cron"),
      HasSubstr("error: WEIR-E0213: schedule 'nightly': cron '0 25 * * *', hour: '25' is out "
                "of range: the field has 0 to 23\n    0 25 * * *\n      ^~\n"));
  EXPECT_THAT(described("zone"), HasSubstr("Did you mean 'Europe/Berlin'?"));
  EXPECT_THAT(described("calendar"),
              HasSubstr("schedule 'nightly_2': calendar 'holidays': cannot read the calendar "
                        "'holidays.ics'; a path that is not absolute is seen from the folder"));
  EXPECT_EQ(run("run aaa", "BROKEN=calendar", BROKEN_MODULE).exit_code, 0);
}

TEST_F(Verbs, DescribeReadsCalendarsFromItsFolder) {
  std::ofstream(path("holidays.ics")) << "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
                                         "DTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\n"
                                         "END:VCALENDAR\r\n";
  const Finished described =
      run("describe", "cd " + temporary_.path().string() + " && BROKEN=calendar", BROKEN_MODULE);
  EXPECT_EQ(described.exit_code, 0) << described.err;
  const auto manifest = module::manifest_from_json(base::Json::parse(described.out).value());
  ASSERT_TRUE(manifest.ok());
  ASSERT_EQ(manifest->schedules.size(), 2u);
  EXPECT_EQ(manifest->schedules[0].name, "nightly");
  EXPECT_EQ(manifest->schedules[1].days_off,
            (std::vector<module::DayOff>{{"2026-12-25", "holidays"}}));
}

TEST_F(Verbs, AFailedRunExitsWithOne) {
  const Finished ran = run("run throws");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.out, HasSubstr("failed  throws"));
  EXPECT_THAT(ran.out, HasSubstr("no such table"));
  EXPECT_EQ(run("run '+sum'").exit_code, 1);  // its check fails: 0 + 1 + 2 is not below 3
}

TEST_F(Verbs, AStageThatCallsExitEndsTheRunAsFailed) {
  const std::string folder = path("tmp");
  std::filesystem::create_directory(folder);
  const Finished quiet = run("run bbb", "BROKEN=exits TMPDIR=" + folder, BROKEN_MODULE);
  EXPECT_EQ(quiet.exit_code, 1);
  EXPECT_THAT(quiet.err,
              HasSubstr("error: the program ended in the middle of the run (exit code 0)"));
  EXPECT_EQ(run("run exits", "TMPDIR=" + folder).exit_code, 7);
  const Finished child = run("run bbb", "BROKEN=child_exits TMPDIR=" + folder, BROKEN_MODULE);
  EXPECT_EQ(child.exit_code, 0) << child.err;
  EXPECT_THAT(child.err, Not(HasSubstr("in the middle")));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(Verbs, WrongUsageExitsWithTwoAndSaysWhatToDo) {
  EXPECT_EQ(run("").exit_code, 2);
  const Finished verb = run("rnu");
  EXPECT_EQ(verb.exit_code, 2);
  EXPECT_THAT(verb.err, HasSubstr("Did you mean 'run'?"));
  EXPECT_THAT(run("run nubmers").err, HasSubstr("numbers"));
  EXPECT_EQ(run("run nubmers").exit_code, 2);
  EXPECT_THAT(run("run -p limtis.count=1").err, HasSubstr("Did you mean 'limits'?"));
  EXPECT_EQ(run("run --max-parallel 0").exit_code, 2);
  EXPECT_EQ(run("run --max-parallel").exit_code, 2);
  EXPECT_EQ(run("describe --lock").exit_code, 2);
  EXPECT_EQ(run("executor").exit_code, 2);
}

TEST_F(Verbs, JobsThatCannotBeRunAreRefusedWithTheirName) {
  EXPECT_EQ(run("describe", "BROKEN=", BROKEN_MODULE).exit_code, 0);
  expect_refused("unknown_asset",
                 "error: WEIR-E0202: job 'nightly': selection, column 1: no asset or task is named "
                 "'aab'. Did you mean 'aaa'?\n  aab\n  ^\n");
  expect_refused("syntax",
                 "error: WEIR-E0206: job 'nightly': selection, column 10: a name is missing\n"
                 "  aaa and (\n           ^\n");
  expect_refused("nothing",
                 "error: WEIR-E0207: job 'nightly': the selection 'aaa and not aaa' matches no "
                 "task\n");
}

TEST_F(Verbs, AnExceptionWithANumberKeepsIt) {
  const Finished described = run("describe", "BROKEN=deep", BROKEN_MODULE);
  EXPECT_EQ(described.exit_code, 2);
  EXPECT_THAT(described.err, ::testing::StartsWith("error: WEIR-E0601: a value is nested"));
}

// Of which `register` makes its headline.
TEST_F(Verbs, AnExceptionBeforeMainSaysWhatItIs) {
  EXPECT_THAT(run("describe", "BROKEN=name", BROKEN_MODULE).err,
              HasSubstr("  what():  WEIR-E0101: 'Bad Name' is not a name"));
}

TEST_F(Verbs, TextsThatAreNotUtf8AreRefusedWithTheirField) {
  expect_refused("owner",
                 "error: WEIR-E0100: stage 'bbb': its owner is not valid UTF-8, byte 2 is 0xFC;");
  expect_refused("version",
                 "error: WEIR-E0100: stage 'bbb': its version is not valid UTF-8, byte 1 is 0xFF;");
}

TEST_F(Verbs, RegisterBecomesTheWeirProgram) {
  std::ofstream(path("weir")) << "#!/bin/sh\necho \"$@\"\n";
  std::filesystem::permissions(path("weir"), std::filesystem::perms::owner_all);
  const Finished registered = run("register --dry-run", "WEIR=" + path("weir"));
  EXPECT_EQ(registered.exit_code, 0) << registered.err;
  EXPECT_EQ(registered.out, "register " SAMPLE_MODULE " --dry-run\n");
  EXPECT_EQ(run("replay r/t --here", "WEIR=" + path("weir")).out,
            "replay --module " SAMPLE_MODULE " r/t --here\n");
}

TEST_F(Verbs, WithoutTheWeirProgramRegisterSaysSo) {
  const Finished registered = run("register", "WEIR=" + path("nowhere"));
  EXPECT_EQ(registered.exit_code, 2);
  EXPECT_THAT(registered.err, HasSubstr("set WEIR to its path"));
}

}  // namespace
}  // namespace weir::sdk_impl
