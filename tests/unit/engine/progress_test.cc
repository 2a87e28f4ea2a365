// What is kept of what stages say about their progress: nothing that they say is refused, and
// nothing unfit is kept.
// Pure functions.
#include "engine/rows/progress.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/text.h"

namespace weir::engine {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ProgressWords, SharesAreWithinTheWhole) {
  EXPECT_EQ(make_progress(0.42, "").millionths, 420'000);
  EXPECT_EQ(make_progress(0, "").millionths, 0);
  EXPECT_EQ(make_progress(1, "").millionths, Progress::kWhole);
  EXPECT_EQ(make_progress(-0.001, "").millionths, 0);
  EXPECT_EQ(make_progress(1.5, "").millionths, Progress::kWhole);
  EXPECT_EQ(make_progress(-kInfinity, "").millionths, 0);
  EXPECT_EQ(make_progress(kInfinity, "").millionths, Progress::kWhole);
  EXPECT_EQ(make_progress(kNan, "").millionths, Progress::kUnknown);
}

TEST(ProgressWords, OnlyAllIsAll) {
  EXPECT_EQ(make_progress(0.9999999999, "").millionths, 999'999);
}

TEST(ProgressWords, AShareThatWasMadeStaysAsItIs) {
  for (std::int32_t millionths = 0; millionths <= Progress::kWhole; ++millionths) {
    const double told = double(millionths) / Progress::kWhole;
    ASSERT_EQ(make_progress(told, "").millionths, millionths);
  }
}

TEST(ProgressWords, MessagesAreOneShortLineOfUtf8) {
  EXPECT_EQ(make_progress(0, "epoch 3 of 10 – läuft").message, "epoch 3 of 10 – läuft");
  EXPECT_EQ(make_progress(0, "a\nb\tc\x1b[31m\x7f").message, "a b c [31m ");
  EXPECT_EQ(make_progress(0, std::string_view("a\0b", 3)).message, "a b");
  EXPECT_EQ(make_progress(0, "\xC0\xAF\xED\xA0\x80").message,
            base::valid_utf8("\xC0\xAF\xED\xA0\x80"));
}

TEST(ProgressWords, LongMessagesAreCutOnceAndSaySo) {
  const std::string whole(kProgressMessageBytesMax, 'x');
  EXPECT_EQ(make_progress(0, whole).message, whole);
  for (const std::string& text : {std::string(1 << 20, 'x'), std::string("x") + [] {
                                    std::string many;
                                    while (many.size() < 1000) many += "é";
                                    return many;
                                  }()}) {
    const std::string cut = make_progress(0, text).message;
    EXPECT_LE(cut.size(), kProgressMessageBytesMax);
    EXPECT_TRUE(cut.ends_with(base::kCutMark)) << cut;
    EXPECT_EQ(make_progress(0, cut).message, cut) << "whoever takes it over leaves it as it is";
  }
}

}  // namespace
}  // namespace weir::engine
