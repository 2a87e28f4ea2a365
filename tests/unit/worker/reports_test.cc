// What a report says of an executor that died: the signal, the place in the author's code and the
// author's own last words, apart from the backtrace that follows them. Pure: reports are made from
// texts as the crash handler of the SDK writes them.
#include "worker/executors/reports.h"

#include <signal.h>
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "weir/worker/v1/worker.pb.h"

namespace weir::worker {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string message_of(const std::string& stderr_tail) {
  DeathReport death;
  death.begun = death.exited = true;
  death.code = CLD_KILLED;
  death.status = SIGSEGV;
  death.stderr_tail = stderr_tail;
  v1::Finished finished;
  describe_death(death, finished);
  EXPECT_EQ(finished.outcome(), v1::OUTCOME_CRASHED);
  return finished.message();
}

constexpr const char* kReport =
    "\nweir: the stage was ended by SIGSEGV (segmentation fault) at address 0x0000000000000008; "
    "backtrace:\n"
    "/m/shop(+0x21f00)[0x55d0]\n"
    "/lib/x86_64-linux-gnu/libc.so.6(+0x3c050)[0x7f01]\n"
    "/m/shop(_ZN4shop5totalERKSt6vectorIiSaIiEE+0x23)[0x55d1]\n"
    "/m/shop(main+0x10)[0x55d2]\n"
    "/m/shop(_start+0x21)[0x55d3]\n";

TEST(Reports, CrashNamesTheFunctionAndTheAuthorsLastWords) {
  const std::string message = message_of(std::string("reading rows\nrow 17") + kReport);
  EXPECT_THAT(message, HasSubstr("SIGSEGV"));
  EXPECT_THAT(message, HasSubstr(" in shop::total(std::vector<int"));
  EXPECT_THAT(message, EndsWith("; its last words: row 17"));
  EXPECT_THAT(message, Not(HasSubstr("_start")));
}

// A report whose strings are no UTF-8 is one that no peer can parse.
TEST(Reports, WordsThatAreNoUtf8MakeAReportThatCanBeRead) {
  for (const std::string bytes : {"\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                                  "\xF4\x90\x80\x80", "\xE0\x80\xAF", "\xFF"}) {
    DeathReport death;
    death.begun = death.exited = true;
    death.code = CLD_KILLED;
    death.status = SIGSEGV;
    death.stderr_tail = "row " + bytes + kReport;
    v1::Finished finished;
    describe_death(death, finished);
    EXPECT_THAT(finished.message(),
                EndsWith("; its last words: " + base::valid_utf8("row " + bytes)));
    v1::Finished read;
    EXPECT_TRUE(read.ParseFromString(finished.SerializeAsString()));
    EXPECT_EQ(base::valid_utf8(finished.detail()), finished.detail());
  }
}

TEST(Reports, CrashOfASilentStageHasNoLastWords) {
  EXPECT_THAT(message_of(kReport), Not(HasSubstr("last words")));
}

TEST(Reports, DeathWithoutABacktraceKeepsItsWords) {
  EXPECT_THAT(message_of("one\ntwo\n"), EndsWith("; its last words: two"));
}

}  // namespace
}  // namespace weir::worker
