// Status text carries its error number across processes and comes back unchanged; text that only
// looks alike is left alone. A failed CHECK ends the process and says where, in whatever way it was
// built.
#include "base/status.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace weir::base {
namespace {

TEST(Status, TextCarriesFourDigitErrorNumber) {
  EXPECT_EQ(Status(Code::kNotFound, 201, "no job").text(), "WEIR-E0201: no job");
  EXPECT_EQ(Status(Code::kNotFound, 0, "plain").text(), "plain");
}

TEST(Status, ParseSplitsTheNumberOff) {
  const Status status(Code::kNotFound, 37, "colon: inside");
  EXPECT_EQ(Status::parse(Code::kNotFound, status.text()), status);
}

TEST(Status, ParseKeepsTextThatOnlyLooksAlike) {
  for (const char* text : {"WEIR-E02: x", "WEIR-E02a1: x", "WEIR-E0201 x", "", "WEIR-E"}) {
    EXPECT_EQ(Status::parse(Code::kInternal, text), Status(Code::kInternal, 0, text));
  }
}

TEST(Status, CodesHaveTheSpellingOfTheirProtocol) {
  EXPECT_EQ(code_name(Code::kInvalidArgument), "INVALID_ARGUMENT");
  EXPECT_EQ(code_name(Code::kDataLoss), "DATA_LOSS");
}

TEST(CheckDeathTest, FailureNamesExpressionAndMessage) {
  EXPECT_DEATH(CHECK_MSG(1 > 2, "why"), "CHECK failed: 1 > 2 at .*status_test.cc:[0-9]+: why");
}

}  // namespace
}  // namespace weir::base
