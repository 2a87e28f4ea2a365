// The account of an attempt's metadata: what fits, what does not, and that
// a refused entry is not counted. Sizes are reckoned here by hand. One
// thread, no files.
#include "value/metadata.h"

#include <gtest/gtest.h>

namespace weir::value {
namespace {

using base::Json;

// Counts as `bytes`, with a name of one character.
Json entry(std::size_t bytes) { return Json(std::string(bytes - 3, 'x')); }  // two quotes

TEST(MetadataBudget, TakesEntriesUpToTheirLimitAndTheirSum) {
  MetadataBudget budget;
  EXPECT_NE(budget.take("a", entry(kMetadataEntryBytesMax + 1)), "");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(budget.take("a", entry(kMetadataEntryBytesMax)), "");
  EXPECT_NE(budget.take("a", entry(4)), "");
}

TEST(MetadataBudget, NamesTheFirstEntryThatIsTooMuch) {
  MetadataBudget budget;
  Json entries = Json::Object{};
  entries.set("a", 1).set("b", entry(70'000)).set("c", entry(80'000));
  EXPECT_TRUE(budget.take_all(entries).starts_with("metadata 'b' has 70000 bytes; "));
  const std::string long_name(70'000, 'n');
  EXPECT_LT(budget.take(long_name, 1).size(), 400u);
}

}  // namespace
}  // namespace weir::value
