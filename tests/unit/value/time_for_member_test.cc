// The time that a run is for, as members of parameters take it: in their unit, as a day, as text.
// Expected texts are written by hand.
// One thread, no files.
#include <gtest/gtest.h>

#include "base/errors.h"
#include "value/json.h"

namespace weir::value {
namespace {

constexpr base::WallTime kAt{std::chrono::microseconds(1'764'554'399'999'001)};

std::string taken(const std::string& type, base::WallTime at = kAt) {
  const auto value = time_for_member("{a:i32,m:" + type + "}", "m", at, "2026-12-01");
  if (!value.ok()) return value.status().message();
  // What is given is taken by the type.
  const auto merged = merge_params("{m:" + type + "}", Json(), Json().set("m", *value));
  EXPECT_TRUE(merged.ok()) << merged.status().text();
  return value->dump();
}

TEST(TimeForMember, ATimeIsCutToItsUnit) {
  EXPECT_EQ(taken("time<i64,1/1>"), "\"2025-12-01T01:59:59Z\"");
  EXPECT_EQ(taken("time<i64,1/1000>"), "\"2025-12-01T01:59:59.999Z\"");
  EXPECT_EQ(taken("time<i64,1/1000000>"), "\"2025-12-01T01:59:59.999001Z\"");
  EXPECT_EQ(taken("time<i64,1/1000000000>"), "\"2025-12-01T01:59:59.999001Z\"");
  EXPECT_EQ(taken("time<i64,3600/1>"), "\"2025-12-01T01:00:00Z\"");
  EXPECT_EQ(taken("time<i64,86400/1>"), "\"2025-12-01T00:00:00Z\"");
  EXPECT_EQ(taken("optional<time<i64,1/1>>"), "\"2025-12-01T01:59:59Z\"");
  EXPECT_EQ(taken("time<i64,1/3>"), std::to_string(1'764'554'399LL * 3 + 2));
}

TEST(TimeForMember, BeforeTheEpochItIsCutDownwards) {
  const base::WallTime before{std::chrono::microseconds(-1)};
  EXPECT_EQ(taken("time<i64,1/1>", before), "\"1969-12-31T23:59:59Z\"");
  EXPECT_EQ(taken("time<i64,86400/1>", before), "\"1969-12-31T00:00:00Z\"");
}

TEST(TimeForMember, ADayIsTheOneThatIsGivenAndTextIsInUtc) {
  EXPECT_EQ(taken("date"), "\"2026-12-01\"");
  EXPECT_EQ(taken("string"), "\"2025-12-01T01:59:59.999001Z\"");
  EXPECT_EQ(taken("optional<string>", base::WallTime{}), "\"1970-01-01T00:00:00Z\"");
}

TEST(TimeForMember, WhatHoldsNoTimeIsRefusedByItsName) {
  for (const char* type : {"i64", "duration<i64,1/1>", "time<i32,1/1>", "[string]", "bool"}) {
    EXPECT_NE(taken(type).find("cannot take the time of a run"), std::string::npos) << type;
  }
  EXPECT_NE(time_for_member("{a:date}", "b", {}, "").status().message().find("b is not"),
            std::string::npos);
  EXPECT_EQ(time_for_member("date", "b", {}, "").status().error(), base::kErrBadParam);
}

}  // namespace
}  // namespace weir::value
