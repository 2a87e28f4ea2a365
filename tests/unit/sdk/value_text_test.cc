// Text forms of bytes, dates, times and durations.
// Exact in both directions, or refused.
// Pure.
#include <limits>

#include <gtest/gtest.h>

#include "base/text.h"
#include "value/text.h"

namespace {

using namespace weir::base;
using namespace weir::value;

SchemaNode period(std::int64_t num, std::int64_t den) {
  SchemaNode type;
  type.period_num = num;
  type.period_den = den;
  return type;
}

TEST(ValueText, Base64FollowsTheStandard) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(parse_base64("Zm8="), "fo");
  for (const char* bad : {"Z", "Zg=", "Z===", "Zg==Zg==", "Zm9*", "====", "Z=g="}) {
    EXPECT_FALSE(parse_base64(bad).has_value()) << bad;
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(parse_base64(base64(all)), all);
}

TEST(ValueText, TextIsCutBetweenCharacters) {
  EXPECT_EQ(cut_utf8("abc", 3), "abc");
  EXPECT_EQ(cut_utf8("abcd", 3), "abc… (cut)");
  EXPECT_EQ(cut_utf8("ab\xC3\xBC", 3), "ab… (cut)");
  EXPECT_EQ(cut_utf8("ab\xC3\xBC", 4), "ab\xC3\xBC");
  EXPECT_EQ(cut_utf8("\xF0\x9F\x98\x80", 3), "… (cut)");
  EXPECT_EQ(cut_utf8("\xff\xff", 3), "\xEF\xBF\xBD… (cut)");
}

TEST(ValueText, InvalidUtf8IsReplaced) {
  EXPECT_EQ(valid_utf8("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"),
            "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80");
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(valid_utf8("\xC0\x80"), mark + mark);
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), mark + mark + mark);
  EXPECT_EQ(valid_utf8("a\xE2\x82"), "a" + mark + mark);
}

TEST(ValueText, DurationsAreExactOrRefused) {
  const auto ms = period(1, 1000);
  EXPECT_EQ(parse_duration("1.5s", ms), 1500);
  EXPECT_EQ(parse_duration("2m", ms), 120'000);
  EXPECT_EQ(parse_duration("-250ms", ms), -250);
  EXPECT_EQ(parse_duration("1d", period(86'400, 1)), 1);
  EXPECT_FALSE(parse_duration("1us", ms).has_value());
  EXPECT_FALSE(parse_duration("90s", period(60, 1)).has_value());
  EXPECT_FALSE(parse_duration("5", ms).has_value());
  EXPECT_FALSE(parse_duration("s", ms).has_value());
  EXPECT_FALSE(parse_duration("99999999999999999999999s", ms).has_value());
  EXPECT_FALSE(parse_duration("9999999999999999999d", period(1, 1'000'000'000)).has_value());
  EXPECT_EQ(duration_text(-1500, ms), "-1.5s");
  EXPECT_EQ(duration_text(1, period(1, 3)), "");
  EXPECT_EQ(duration_text(std::numeric_limits<std::int64_t>::max(), period(86'400, 1)), "");
}

TEST(ValueText, TimesAreExactOrRefused) {
  const auto ms = period(1, 1000);
  EXPECT_EQ(parse_time("1970-01-01T00:00:01.5Z", ms), 1500);
  EXPECT_EQ(parse_time("1970-01-02", ms), 86'400'000);
  EXPECT_EQ(parse_time(time_text(-1, ms), ms), -1);
  for (const char* bad : {"1970-01-01T00:00:01", "1970-02-30", "1970-01-01T24:00:00Z", "70-01-01",
                          "1970-01-01T00:00:60Z", "1970-01-01T00:00:00.0001Z", "now", ""}) {
    EXPECT_FALSE(parse_time(bad, ms).has_value()) << bad;
  }
  EXPECT_EQ(time_text(std::numeric_limits<std::int64_t>::max(), period(1, 1)), "");
  const auto ns = period(1, 1'000'000'000);
  const std::int64_t last = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(parse_time(time_text(last, ns), ns), last);
}

}  // namespace
