// Durations and instants, both ways. The zone is set once, to one whose offset is not zero, so that
// a mix-up of local time and UTC shows. One thread; no clock is read.
// Each test stands alone: none writes a file or keeps state for the next.
#include "cli/text/duration.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::cli {
namespace {

using namespace std::chrono_literals;

std::chrono::milliseconds parsed(std::string_view text) {
  const auto duration = parse_duration(text);
  EXPECT_TRUE(duration.ok()) << text << ": " << duration.status().text();
  return duration.ok() ? *duration : -1ms;
}

TEST(DurationTest, UnitsAddUp) {
  EXPECT_EQ(parsed("90s"), 90s);
  EXPECT_EQ(parsed("500ms"), 500ms);
  EXPECT_EQ(parsed("1h30m"), 90min);
  EXPECT_EQ(parsed("1.5h"), 90min);
  EXPECT_EQ(parsed("2d"), 48h);
  EXPECT_EQ(parsed("1w"), 168h);
  EXPECT_EQ(parsed("0"), 0ms);
  EXPECT_EQ(parsed("45"), 45s);
}

TEST(DurationTest, MalformedDurationsAreRefused) {
  for (const char* text :
       {"", "s", "-5s", "5x", "1h-", "1..5s", " 5s", "5 s", "inf", "nan", "1e9d", "99999999999d"}) {
    EXPECT_EQ(parse_duration(text).status().code(), base::Code::kInvalidArgument) << text;
  }
}

TEST(DurationTest, FormattedWithTwoUnitsAtMost) {
  EXPECT_EQ(format_duration(400us), "0.4 ms");
  EXPECT_EQ(format_duration(820ms), "820 ms");
  EXPECT_EQ(format_duration(999'600us), "1.0 s");
  EXPECT_EQ(format_duration(12'340ms), "12.3 s");
  EXPECT_EQ(format_duration(59'960ms), "1 m 00 s");
  EXPECT_EQ(format_duration(184s), "3 m 04 s");
  EXPECT_EQ(format_duration(2h + 5min), "2 h 05 m");
  EXPECT_EQ(format_duration(76h), "3 d 04 h");
  EXPECT_EQ(format_duration(-5s), "0.0 ms");
}

class ZoneTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(set_zone("Asia/Kolkata").ok()); }
  void TearDown() override { ASSERT_TRUE(set_zone("UTC").ok()); }
};

TEST_F(ZoneTest, TimesCarryTheirZone) {
  const base::WallTime at{std::chrono::seconds(1'700'000'000)};
  EXPECT_EQ(format_time(at), "2023-11-15 03:43:20 IST");
  EXPECT_EQ(format_clock(at), "03:43:20");
}

TEST_F(ZoneTest, InstantsWithinATextAreShownInTheZone) {
  EXPECT_EQ(in_local_time("made at 2023-11-14T22:13:20Z, due 2023-11-14 22:13:20 UTC"),
            "made at 2023-11-15 03:43:20 IST, due 2023-11-15 03:43:20 IST");
  EXPECT_EQ(in_local_time("2023-11-14T22:13:20.250Z"), "2023-11-15 03:43:20 IST");
  for (const char* text : {"", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T22:13:20+01:00",
                           "2023-99-14T22:13:20Z", "2023-11-14 22:13:20"}) {
    EXPECT_EQ(in_local_time(text), text);
  }
}

TEST_F(ZoneTest, SinceIsATimeOrAnAge) {
  const base::WallTime now{std::chrono::seconds(1'700'000'000)};
  const auto since = [&](std::string_view text) { return parse_since(text, now); };
  EXPECT_EQ(*since("2h"), now - 2h);
  EXPECT_EQ(*since("2023-11-14T22:13:20Z"), now);
  EXPECT_EQ(*since("2023-11-15T03:43:20"), now);
  EXPECT_EQ(*since("2023-11-15 03:43"), now - 20s);
  EXPECT_EQ(*since("2023-11-15"), now - 3h - 43min - 20s);
  for (const char* text : {"yesterday", "2023-02-30", "2023-13-01", "2023-11-15T25:00", ""}) {
    EXPECT_FALSE(since(text).ok()) << text;
  }
}

TEST_F(ZoneTest, ATimeIsReadAsItIsPrintedAndWithAnOffset) {
  const base::WallTime at{std::chrono::seconds(1'700'000'000)};
  for (const char* text :
       {"2023-11-15 03:43:20 IST", "2023-11-14T22:13:20Z", "2023-11-14 22:13:20 UTC",
        "2023-11-14T23:13:20+01:00", "2023-11-14T19:43:20-02:30"}) {
    const auto read = parse_time(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(*read, at) << text;
  }
  for (const char* text : {"2023-11-15 03:43:20 CET", "2023-11-15T03:43:20+1:00", "2h",
                           "2023-11-15T03:43:20+24:00", "2023-11-15T03:43:20 ", ""}) {
    EXPECT_FALSE(parse_time(text).ok()) << text;
  }
}

TEST_F(ZoneTest, AnUnknownZoneIsRefusedWithTheNearestName) {
  for (const char* zone : {"Europe/Berlim", "../etc/passwd", "/etc/passwd", "europe/berlin"}) {
    EXPECT_EQ(set_zone(zone).error(), base::kErrUsage) << zone;
  }
  EXPECT_NE(set_zone("Europe/Berlim").message().find("Did you mean 'Europe/Berlin'?"),
            std::string::npos);
}

// The clock shows 02:30 twice; the abbreviation says which.
TEST_F(ZoneTest, AnAbbreviationTellsRepeatedTimesApart) {
  ASSERT_TRUE(set_zone("Europe/Berlin").ok());
  const base::WallTime first{std::chrono::seconds(1'698'539'400)};
  for (const base::WallTime at : {first, base::WallTime(first + 1h)}) {
    EXPECT_EQ(*parse_time(format_time(at)), at) << format_time(at);
  }
  EXPECT_FALSE(parse_time("2023-07-01 02:30:00 CET").ok());
}

TEST_F(ZoneTest, UntilIsATimeOrALengthAheadAndInTheFuture) {
  const base::WallTime now{std::chrono::seconds(1'700'000'000)};
  EXPECT_EQ(*parse_until("2h", now), now + 2h);
  EXPECT_EQ(*parse_until("2023-11-15T03:43:21", now), now + 1s);
  for (const char* text : {"2023-11-15T03:43:20", "0s", "tomorrow", ""}) {
    EXPECT_EQ(parse_until(text, now).status().code(), base::Code::kInvalidArgument) << text;
  }
}

TEST_F(ZoneTest, UnknownZonesAreRefused) {
  for (const char* zone : {"Mars/Olympus", "../passwd", "/etc/passwd", "Europe"}) {
    EXPECT_FALSE(set_zone(zone).ok()) << zone;
  }
}

}  // namespace
}  // namespace weir::cli
