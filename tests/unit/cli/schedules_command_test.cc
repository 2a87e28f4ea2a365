// weir schedules and weir next as far as no scheduler is needed: what bad input gets before anybody
// is asked, what asks first, and what help and completion offer.
// Each test stands alone; stdin is no terminal.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/app.h"
#include "cli/text/caller.h"

namespace weir::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct SchedulesOutput {
  int code = 0;
  std::string out;
  std::string err;
};

SchedulesOutput weir(std::vector<std::string> arguments) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  SchedulesOutput output;
  output.code = run_command_line(std::move(arguments));
  output.out = testing::internal::GetCapturedStdout();
  output.err = testing::internal::GetCapturedStderr();
  return output;
}

// Where nobody listens: a command that gets so far ends with 4.
SchedulesOutput schedules(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "schedules");
  arguments.insert(arguments.end(), {"--scheduler", "127.0.0.1:1"});
  return weir(std::move(arguments));
}

void expect_usage_error(const SchedulesOutput& output, const std::string& said) {
  EXPECT_EQ(output.code, 2) << output.err;
  EXPECT_THAT(output.out, IsEmpty());
  EXPECT_THAT(output.err, HasSubstr(said));
}

const std::vector<std::string> kCreate{"create", "n", "--job", "j", "--cron", "@daily"};

SchedulesOutput create_with(std::vector<std::string> more) {
  more.insert(more.begin(), kCreate.begin(), kCreate.end());
  return schedules(std::move(more));
}

TEST(SchedulesCommandTest, OptionsThatCannotBeMeantAreRefusedBeforeAnybodyIsAsked) {
  expect_usage_error(create_with({"--catch-up", "last"}), "last:5");
  expect_usage_error(create_with({"--catch-up", "last:0"}), "last:5");
  expect_usage_error(create_with({"--catch-up", "all:3"}), "'all:3'");
  expect_usage_error(create_with({"--catch-up", "latset"}), "Did you mean 'latest'?");
  expect_usage_error(create_with({"--catch-up-window", "soon"}), "'soon' is not a duration");
  expect_usage_error(create_with({"--overlap", "queue-one"}), "Did you mean 'queue_one'?");
  expect_usage_error(create_with({"--jitter", "-5m"}), "-5m");
  expect_usage_error(create_with({"-p", "nonsense"}), "-p nonsense");
  expect_usage_error(create_with({"--tz", "Europe/Berlim"}), "'Europe/Berlim'");
  expect_usage_error(schedules({"create", "n", "--job", "j"}), "--cron");
  expect_usage_error(schedules({"create", "n", "--cron", "@daily"}), "--job");
  expect_usage_error(schedules({"edit", "n", "--overlap", "x"}), "'x' is none of");
}

TEST(SchedulesCommandTest, ACalendarIsAFileThatCanBeReadOrAName) {
  const std::string folder = testing::TempDir();
  const auto file = [&](const std::string& name, const std::string& event) {
    std::ofstream(folder + name) << "BEGIN:VCALENDAR\r\n" << event << "END:VCALENDAR\r\n";
    return folder + name;
  };
  const std::string good =
      file("holidays.ics", "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\n");
  EXPECT_EQ(create_with({"--except-calendar", good}).code, 4);
  EXPECT_EQ(create_with({"--except-calendar", "bank/days=" + good}).code, 4);
  EXPECT_EQ(create_with({"--except-calendar", "holidays"}).code, 4);
  EXPECT_EQ(schedules({"edit", "n", "--except-calendar", "none"}).code, 4);
  const std::string bad = file("Bad.ics", "BEGIN:VEVENT\r\nnonsense\r\nEND:VEVENT\r\n");
  expect_usage_error(create_with({"--except-calendar", "x=" + bad}), "Bad.ics:3");
  expect_usage_error(create_with({"--except-calendar", bad}), "name it: NAME=");
  expect_usage_error(create_with({"--except-calendar", "x=" + file("empty.ics", "")}),
                     "has no event");
  expect_usage_error(create_with({"--except-calendar", "no/such/file.ics"}), "cannot read");
  expect_usage_error(create_with({"--except-calendar", "no/such/file"}), "cannot read");
  expect_usage_error(create_with({"--except-calendar", "except"}), "own list");
  expect_usage_error(schedules({"edit", "n", "--except-calendar", "Holidays"}), "a letter a-z");
}

TEST(SchedulesCommandTest, AnEditNeedsSomethingToChange) {
  expect_usage_error(schedules({"edit", "n"}), "nothing to change was given");
  EXPECT_EQ(schedules({"edit", "n", "--jitter", "5m"}).code, 4);
}

TEST(SchedulesCommandTest, AGoodDefinitionGetsAsFarAsTheScheduler) {
  const auto output =
      create_with({"--cron", "0 9 * * sat", "-p", "train.rate=0.5", "--except", "2026-12-25",
                   "--start", "2026-12-01", "--end", "none", "--jitter", "5m", "--catch-up",
                   "last:5", "--catch-up-window", "2h", "--overlap", "skip", "--paused"});
  EXPECT_EQ(output.code, 4) << output.err;
  EXPECT_THAT(output.err, HasSubstr("weir up"));
}

TEST(SchedulesCommandTest, PausesNameSchedulesOrAllOfThem) {
  expect_usage_error(schedules({"pause"}), "give --all");
  expect_usage_error(schedules({"pause", "a", "--all"}), "not both");
  expect_usage_error(schedules({"resume"}), "give --all");
  expect_usage_error(schedules({"pause", "a", "--until", "2020-01-01"}), "not in the future");
  expect_usage_error(schedules({"pause", "a", "--until", "whenever"}), "'whenever'");
}

TEST(SchedulesCommandTest, WhatReachesAllAsksFirst) {
  expect_usage_error(schedules({"pause", "--all"}), "Pause all schedules?");
  expect_usage_error(schedules({"resume", "--all"}), "--yes");
  EXPECT_EQ(schedules({"pause", "--all", "--yes"}).code, 4);
}

TEST(SchedulesCommandTest, TimesAndWordsAreChecked) {
  expect_usage_error(schedules({"trigger", "a", "--at", "2h"}), "'2h' is not a time");
  expect_usage_error(schedules({"history", "a", "--outcome", "mised"}), "Did you mean 'missed'?");
  expect_usage_error(schedules({"history", "a", "--since", "then"}), "'then'");
  expect_usage_error(schedules({"list", "--paused", "--active"}), "--paused");
  expect_usage_error(schedules({"preview", "a", "-n", "0"}), "WEIR-E0002");
  expect_usage_error(weir({"next", "--for", "ever", "--scheduler", "127.0.0.1:1"}), "'ever'");
  expect_usage_error(weir({"run", "j", "--at", "soon", "--scheduler", "127.0.0.1:1"}),
                     "'soon' is not a time");
  EXPECT_EQ(schedules({"trigger", "a", "--at", "2026-11-27T02:00:00+01:00"}).code, 4);
}

TEST(SchedulesCommandTest, CompletionOffersItsCommandsAndWords) {
  EXPECT_EQ(weir({"__complete", "--", "schedules", "pr"}).out, "preview\n");
  EXPECT_THAT(weir({"__complete", "--", "schedules", "create", "n", "--overlap", ""}).out,
              HasSubstr("cancel_running\n"));
  const auto names = weir({"__complete", "--", "schedules", "pause", "a", ""});
  EXPECT_EQ(names.code, 0);
  EXPECT_THAT(names.err, IsEmpty());
}

TEST(CallerTest, NamesTheUserAndTheMachine) {
  EXPECT_THAT(caller(), HasSubstr("@"));
  EXPECT_THAT(caller(), Not(testing::StartsWith("@")));
  EXPECT_LE(caller().size(), 200u);
}

}  // namespace
}  // namespace weir::cli
