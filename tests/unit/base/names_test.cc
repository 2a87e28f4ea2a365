// Which names are allowed, and which one a typo meant. Every refusal must come
// with a reason, and a suggestion must stay within its distance: a far-fetched one
// is worse than none.
#include "base/names.h"

#include <gtest/gtest.h>

namespace weir::base {
namespace {

TEST(Names, SegmentsOfLowerCaseLettersAreValid) {
  for (const char* name : {"a", "raw_flights", "crm/customers", "a1/b2/c_3"}) {
    EXPECT_TRUE(valid_name(name)) << name << ": " << name_problem(name);
  }
}

TEST(Names, EverythingElseIsRefusedWithAReason) {
  for (const char* name : {"", "1a", "A", "a-b", "a b", "/a", "a/", "a//b", "_a", "a/1", "ä"}) {
    EXPECT_FALSE(valid_name(name)) << name;
    EXPECT_NE(name_problem(name), "") << name;
  }
  EXPECT_FALSE(valid_name(std::string(201, 'a')));
}

TEST(Names, NearestNameFindsTypos) {
  const std::vector<std::string> known{"raw_flights", "raw_airports", "features"};
  EXPECT_EQ(nearest_name("raw_flihgts", known), "raw_flights");
  EXPECT_EQ(nearest_name("feature", known), "features");
  EXPECT_EQ(nearest_name("zzzzzzzz", known), "");
  EXPECT_EQ(did_you_mean("featurse", known), " Did you mean 'features'?");
  EXPECT_EQ(did_you_mean("x", {}), "");
}

TEST(Names, ShortNamesMayDifferByTwoEdits) {
  const std::vector<std::string> known{"abc"};
  EXPECT_EQ(nearest_name("axx", known), "abc");
  EXPECT_EQ(nearest_name("xyz", known), "");
}

}  // namespace
}  // namespace weir::base
