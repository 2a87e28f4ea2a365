// iCalendar files as people export them, and as they should not be: which days are off, and the
// line of what is not understood.
// Texts only; no file is read.
#include "calendar/ics_calendar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::calendar {
namespace {

using std::chrono::sys_days;
using std::chrono::year;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ics_text(const std::string& event) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n" + event +
         "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
}

IcsDays days(const std::string& event) {
  const auto found = ics_days(ics_text(event), "a.ics");
  EXPECT_TRUE(found.ok()) << found.status().text();
  return found.ok() ? *found : IcsDays();
}

std::string ics_refusal(const std::string& text) {
  const auto found = ics_days(text, "a.ics");
  return found.ok() ? "" : found.status().message();
}

sys_days day(int y, unsigned m, unsigned d) {
  return sys_days(year(y) / std::chrono::month(m) / std::chrono::day(d));
}

TEST(IcsCalendar, AnEventIsOneDayOrUpToItsEnd) {
  EXPECT_THAT(days("DTSTART;VALUE=DATE:20261225"), ElementsAre(day(2026, 12, 25)));
  EXPECT_THAT(days("DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270102"),
              ElementsAre(day(2026, 12, 31), day(2027, 1, 1)));
  EXPECT_THAT(days("DTSTART:20261225\r\nDURATION:P2D"),
              ElementsAre(day(2026, 12, 25), day(2026, 12, 26)));
  EXPECT_EQ(days("DTSTART:20261225\r\nDURATION:P2W").size(), 14u);
}

TEST(IcsCalendar, WhatDoesNotMatterIsPassedOver) {
  EXPECT_THAT(ics_days("\xEF\xBB\xBF"
                       "begin:vcalendar\n"
                       "X-NOTE;TITLE=\"a: b\":folded\n  and on: with colons\n\n"
                       "BEGIN:VTIMEZONE\nDTSTART:19700101T000000\nEND:VTIMEZONE\n"
                       "BEGIN:VEVENT\nSUMMARY:Christmas\nDTST\n ART;VALUE=DATE:202612\n 25\n"
                       "BEGIN:VALARM\nDURATION:PT15M\nEND:VALARM\nEND:VEVENT\n"
                       "BEGIN:VEVENT\nDTSTART:20261226\nSTATUS:CANCELLED\nEND:VEVENT\n"
                       "END:VCALENDAR",
                       "a.ics")
                  .value(),
              ElementsAre(day(2026, 12, 25)));
}

TEST(IcsCalendar, EventsReturnEveryYear) {
  EXPECT_THAT(days("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;COUNT=3"),
              ElementsAre(day(2026, 12, 25), day(2027, 12, 25), day(2028, 12, 25)));
  EXPECT_THAT(days("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;INTERVAL=2;UNTIL=20301225T000000Z"),
              ElementsAre(day(2026, 12, 25), day(2028, 12, 25), day(2030, 12, 25)));
  EXPECT_THAT(days("DTSTART:20240229\r\nRRULE:FREQ=YEARLY;UNTIL=20290101"),
              ElementsAre(day(2024, 2, 29), day(2028, 2, 29)));
  EXPECT_THAT(days("DTSTART:20261225\r\nRRULE:FREQ=YEARLY;COUNT=3\r\nEXDATE:20271225"),
              ElementsAre(day(2026, 12, 25), day(2028, 12, 25)));
  EXPECT_THAT(days("DTSTART:20260704\r\nRRULE:FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4;COUNT=2;WKST=MO"),
              ElementsAre(day(2026, 7, 4), day(2027, 7, 4)));
  EXPECT_EQ(days("DTSTART:20260101\r\nRRULE:FREQ=YEARLY").size(), 74u);  // until 2099
  EXPECT_EQ(*days("DTSTART:20260101\r\nRRULE:FREQ=YEARLY").rbegin(), day(2099, 1, 1));
}

TEST(IcsCalendar, EventsReturnOnAWeekdayOfTheirMonth) {
  EXPECT_THAT(days("DTSTART:20261126\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3"),
              ElementsAre(day(2026, 11, 26), day(2027, 11, 25), day(2028, 11, 23)));
  EXPECT_THAT(days("DTSTART:20260525\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;COUNT=2"),
              ElementsAre(day(2026, 5, 25), day(2027, 5, 31)));
  // Only some years have a fifth Friday in May.
  EXPECT_THAT(days("DTSTART:20260529\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=5FR;COUNT=2"),
              ElementsAre(day(2026, 5, 29), day(2030, 5, 31)));
}

TEST(IcsCalendar, WhatIsNoCalendarIsRefusedWithItsLine) {
  EXPECT_THAT(ics_refusal(""), HasSubstr("a.ics:1: this is no iCalendar file"));
  EXPECT_THAT(ics_refusal("<html>"), HasSubstr("a.ics:1: "));
  EXPECT_THAT(ics_refusal("2026-12-25\n2026-12-26\n"), HasSubstr("a.ics:1: "));
  EXPECT_THAT(ics_refusal("BEGIN:VCALENDAR\nrubbish\nEND:VCALENDAR\n"), HasSubstr("a.ics:2: "));
  EXPECT_THAT(ics_refusal("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\n"),
              HasSubstr("a.ics:3: END:VEVENT is missing"));
  EXPECT_THAT(ics_refusal("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n"),
              HasSubstr("a.ics:3: END:VCALENDAR ends what did not begin"));
  EXPECT_THAT(ics_refusal("BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VEVENT\n"),
              HasSubstr("a.ics:3: BEGIN:VEVENT stands outside"));
  EXPECT_THAT(ics_refusal("BEGIN:VCALENDAR\nEND:VCALENDAR\n"), HasSubstr("has no event"));
}

TEST(IcsCalendar, WhatIsNotUnderstoodIsRefusedWithItsLine) {
  const auto said = [](const std::string& event) { return ics_refusal(ics_text(event)); };
  EXPECT_THAT(said("SUMMARY:x"), HasSubstr("a.ics:5: this event has no day"));
  EXPECT_THAT(said("DTSTART:20261225T090000Z"),
              HasSubstr("a.ics:4: DTSTART has a time of day; days off are whole days, written "
                        "DTSTART;VALUE=DATE:20261225"));
  EXPECT_THAT(said("DTSTART:20261232"), HasSubstr("a.ics:4: '20261232' is no day"));
  EXPECT_THAT(said("DTSTART:2026-12-25"), HasSubstr("is no day"));
  EXPECT_THAT(said("DTSTART:20261225\r\nDTEND:20261225"), HasSubstr("before it has begun"));
  EXPECT_THAT(said("DTSTART:20261225\r\nDURATION:PT1H"), HasSubstr("a.ics:5: DURATION 'PT1H'"));
  EXPECT_THAT(said("DTSTART:20261225\r\nRDATE:20261226"), HasSubstr("a.ics:5: RDATE"));
  for (const char* rule :
       {"FREQ=WEEKLY", "FREQ=YEARLY;BYDAY=4TH", "FREQ=YEARLY;BYMONTHDAY=1", "COUNT=2",
        "FREQ=YEARLY;BYEASTER=1", "FREQ=YEARLY;BYMONTH=12,1", "FREQ=YEARLY;BYMONTH=12;BYDAY=TH",
        "FREQ=YEARLY;COUNT=0", "FREQ=YEARLY;BYMONTH=11", "FREQ=YEARLY;INTERVAL=", ""}) {
    EXPECT_THAT(said("DTSTART:20261225\r\nRRULE:" + std::string(rule)), HasSubstr("a.ics:5: "))
        << rule;
  }
  EXPECT_THAT(said("DTSTART:19000101\r\nDTEND:20991231"), HasSubstr("more than 10000 days"));
}

}  // namespace
}  // namespace weir::calendar
