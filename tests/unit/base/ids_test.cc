// Run ids sort by time as text, and survive being mistyped the way Crockford
// base32 allows. Texts that are no id are refused rather than guessed at. Times
// are values: no clock is read.
#include "base/ids.h"

#include <gtest/gtest.h>

namespace weir::base {
namespace {

WallTime at(std::int64_t microseconds) { return WallTime(std::chrono::microseconds(microseconds)); }
constexpr std::int64_t kIn2026 = 1'770'000'000'000'000;

TEST(RunId, TextRoundTrips) {
  for (const std::uint64_t value :
       {std::uint64_t{1}, std::uint64_t{0x123456789ABCDEF0}, ~std::uint64_t{0}}) {
    const RunId id{value};
    EXPECT_EQ(id.text().size(), 13u);
    EXPECT_EQ(RunId::parse(id.text()), id);
  }
}

TEST(RunId, LaterIdsSortAfterEarlierOnesAsText) {
  const RunId first = RunId::make(at(kIn2026), 0xFFFFFFFF);
  const RunId second = RunId::make(at(kIn2026 + 1000), 0);
  EXPECT_LT(first, second);
  EXPECT_LT(first.text(), second.text());
}

TEST(RunId, RandomBitsTellIdsOfOneMillisecondApart) {
  EXPECT_NE(RunId::make(at(kIn2026), 1), RunId::make(at(kIn2026), 2));
}

TEST(RunId, ATimeBeforeTheEpochStillGivesAnId) { EXPECT_TRUE(RunId::make(at(0), 0)); }

TEST(RunId, ParseForgivesCaseAndLookAlikes) {
  const RunId id{(std::uint64_t{1} << 5) | 0};  // ends in "10"
  std::string text = id.text();
  text[11] = 'l';
  text[12] = 'O';
  EXPECT_EQ(RunId::parse(text), id);
}

TEST(RunId, ParseRefusesWhatIsNoId) {
  for (const char* text :
       {"", "0", "0000000000000", "zzzzzzzzzzzzz", "000000000000u", "00000000000001"}) {
    EXPECT_FALSE(RunId::parse(text)) << text;
  }
}

}  // namespace
}  // namespace weir::base
