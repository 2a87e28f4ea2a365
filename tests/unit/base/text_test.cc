// Text made safe: what is not UTF-8 never passes, wherever it comes from, and what is passes as it
// is. The sequences are those of RFC 3629, its limits, and what decoders are known to let through.
// Lengths of time as words. No test needs anything but strings.
#include "base/text.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weir::base {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(Text, WholeSequencesPassAsTheyAre) {
  for (const std::string& good :
       std::vector<std::string>{"a", std::string(1, '\0'), "\x7F", "\xC2\x80", "\xDF\xBF",
                                "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
                                "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(utf8_length(good + "x"), good.size()) << hex(good);
    EXPECT_EQ(valid_utf8(good), good) << hex(good);
  }
  EXPECT_EQ(utf8_length(""), 0u);
}

TEST(Text, OverlongFormsSurrogatesAndWhatIsBeyondUnicodeAreReplaced) {
  for (const std::string& bad : std::vector<std::string>{
           "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF", "\xF0\x80\x80\xAF",
           "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80",
           "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF", "\xFE", "\x80", "\xBF", "\xC2",
           "\xE2\x82", "\xF0\x9F\x98"}) {
    EXPECT_EQ(utf8_length(bad), 0u) << hex(bad);
    std::string expected = "<";
    for (std::size_t i = 0; i < bad.size(); ++i) expected += kReplacement;
    EXPECT_EQ(valid_utf8("<" + bad + ">"), expected + ">") << hex(bad);
  }
}

TEST(Text, ACutNeverSplitsACharacter) {
  EXPECT_EQ(cut_utf8("äöü", 6), "äöü");
  EXPECT_EQ(cut_utf8("äöü", 3), "ä… (cut)");
  EXPECT_EQ(cut_utf8("\xF5 and more", 3), kReplacement + "… (cut)");
}

TEST(Text, DigitsOfBothCasesAreRead) {
  EXPECT_EQ(hex(std::string("\x00\x7f\xab\xff", 4)), "007fabff");
  EXPECT_EQ(hex(""), "");
  EXPECT_EQ(hex_digit('0'), 0);
  EXPECT_EQ(hex_digit('f'), 15);
  EXPECT_EQ(hex_digit('A'), 10);
  for (const char none : {'g', 'G', '/', ':', '@', '`', '\0', '\xff'})
    EXPECT_EQ(hex_digit(none), -1);
}

TEST(Text, SpansAreSaidInWholeParts) {
  using namespace std::chrono_literals;
  EXPECT_EQ(span_words(26h), "26 h");
  EXPECT_EQ(span_words(24h), "24 h");
  EXPECT_EQ(span_words(48h), "2 d");
  EXPECT_EQ(span_words(84h), "3 d 12 h");
  EXPECT_EQ(span_words(90min), "1 h 30 min");
  EXPECT_EQ(span_words(25h + 90s), "25 h 1 min 30 s");
  EXPECT_EQ(span_words(10s), "10 s");
  EXPECT_EQ(span_words(1500ms), "1 s 500 ms");
  EXPECT_EQ(span_words(0ms), "0 s");
  EXPECT_EQ(span_words(-90s), "-1 min 30 s");
}

}  // namespace
}  // namespace weir::base
