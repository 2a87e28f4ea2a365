// Cleaning, from the bytes of a text to the tickets that stay: encoding, markup and space; personal
// data; and under which heading what is dropped counts. Texts are written out with their bytes,
// card numbers are the test numbers of the card companies. Pure values, no clock, no files.
#include "clean.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "mask.h"
#include "text.h"

namespace ticket_intent {
namespace {

TEST(Utf8, KnowsWhatIsUtf8) {
  for (const char* good : {"", "plain", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\xfc", "caf\xe9", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xe2\x82", "\x80", "\xe0\x80\x80"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Windows1252, EveryByteIsACharacter) {
  EXPECT_EQ(from_windows_1252("caf\xe9 5 \x80 \x96 \x93ok\x94"),
            "caf\xc3\xa9 5 \xe2\x82\xac \xe2\x80\x93 \xe2\x80\x9cok\xe2\x80\x9d");
  EXPECT_EQ(from_windows_1252("\x81"), "\xef\xbf\xbd");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_TRUE(is_utf8(from_windows_1252(all)));
}

TEST(Markup, IsToldFromComparisonsAndAddresses) {
  for (const char* html : {"<p>x", "a<br/>b", "</div>", "<a href='x'>y</a>", "<!-- c -->"}) {
    EXPECT_TRUE(has_markup(html)) << html;
  }
  for (const char* text : {"5 < 10 > 3", "<max@example.com>", "I <3 it", "a<b", "<p"}) {
    EXPECT_FALSE(has_markup(text)) << text;
  }
}

TEST(Markup, LeavesWhatAReaderSees) {
  EXPECT_EQ(with_single_spaces(without_markup(
                "<html><style>p { x }</style><body><p>Hello&nbsp;you,</p><p>5 &lt; 10 &euro; "
                "&#8211; &#x41;</p><!-- no --><script>1 < 2</script>end</body></html>")),
            "Hello you,\n5 < 10 \xe2\x82\xac \xe2\x80\x93 A\nend");
  EXPECT_EQ(without_markup("Tom & Jerry; &unknown; &"), "Tom & Jerry; &unknown; &");
}

TEST(Markup, OpenEndsLoseNothingAndEnd) {
  EXPECT_EQ(without_markup("a <b"), "a <b");
  EXPECT_EQ(without_markup("a <!-- b"), "a  ");
  EXPECT_EQ(without_markup("a <style>b"), "a  ");
  EXPECT_EQ(without_markup("&#xd800;&#99999999;"), "\xef\xbf\xbd&#99999999;");
}

TEST(Spaces, AreSingleAndControlsAreGone) {
  EXPECT_EQ(with_single_spaces(" \t a \xc2\xa0 b\r\n\r\n c \x07\x1b "), "a b\nc");
  EXPECT_EQ(with_single_spaces("\xef\xbb\xbf"
                               "x\xe2\x80\x8by\x7f"),
            "xy");
  EXPECT_EQ(with_single_spaces(std::string("a\0b", 3)), "ab");
  EXPECT_EQ(with_single_spaces(" \n "), "");
}

TEST(Mask, EmailsAreMasked) {
  EXPECT_EQ(mask("write to max.m+weir@mail.example.com.").text, "write to [EMAIL].");
  EXPECT_EQ(mask("<a@b.de>, c@d.org").text, "<[EMAIL]>, [EMAIL]");
  EXPECT_EQ(mask("J\xc3\xbcrgen j\xc3\xbcrgen@m\xc3\xbcller.de ok").text,
            "J\xc3\xbcrgen [EMAIL] ok");
  EXPECT_EQ(mask("a@b.de c@d.org").emails, 2);
}

TEST(Mask, WhatIsNoEmailStays) {
  for (const char* text : {"@home", "me @ home.de", "a@b", "5 @ 3.50", "a@.de", "x@y.z"}) {
    EXPECT_EQ(mask(text).text, text);
    EXPECT_EQ(mask(text).emails, 0);
  }
}

TEST(Mask, CardsAreMaskedInAnyGrouping) {
  for (const char* text : {"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111",
                           "378282246310005", "card:5555 5555 5555 4444", "#4111111111111111"}) {
    const Masked masked = mask(text);
    EXPECT_EQ(masked.cards, 1) << text;
    EXPECT_NE(masked.text.find("[CARD]"), masked.text.npos) << masked.text;
    EXPECT_FALSE(looks_personal(masked.text)) << masked.text;
  }
  EXPECT_EQ(mask("of 24. 12. 4111 1111 1111 1111, 5 times").text, "of 24. 12. [CARD], 5 times");
}

TEST(Mask, PhonesAreMasked) {
  EXPECT_EQ(mask("call +49 30 1234567 or (030) 123 45 67.").text, "call [PHONE] or [PHONE].");
  EXPECT_EQ(mask("0171/2345678 please").text, "[PHONE] please");
  EXPECT_EQ(mask("call 030/1234567\nsince 12").phones, 1);
}

TEST(Mask, NumbersOfOrdersAndDatesStay) {
  for (const char* text : {"order 123456", "A-01234567", "#01234567", "28. 11. 2026", "12.50 EUR",
                           "4111 1111 1111 1112", "0 of 3", "v1.02.0030"}) {
    EXPECT_EQ(mask(text).text, text);
  }
}

TEST(LooksPersonal, SeesWhatMaskingWouldLeave) {
  EXPECT_TRUE(looks_personal("a@b.de"));
  EXPECT_TRUE(looks_personal("4111 1111 1111 1112"));
  EXPECT_FALSE(looks_personal("[EMAIL] and [CARD], order 123456, 28. 11. 2026"));
}

using namespace std::chrono_literals;
constexpr Time kNoon = Time(std::chrono::sys_days(2026y / 11 / 27)) + 12h;

Ticket ticket(std::int64_t id, std::string subject, std::string body) {
  return {id, kNoon, kNoon + 1h, "mail", std::move(subject), std::move(body), std::nullopt};
}

TEST(Clean, MakesAMailReadableAndMasksIt) {
  const Cleaned cleaned = clean({ticket(
      7, "Refund ", "<p>Caf\xe9 closed,&nbsp;write to a@b.de</p>\r\n<p>or 030 1234567 \x07</p>")});
  ASSERT_EQ(cleaned.tickets.size(), 1u);
  EXPECT_EQ(cleaned.tickets[0].id, 7);
  EXPECT_EQ(cleaned.tickets[0].text, "Refund\nCaf\xc3\xa9 closed, write to [EMAIL]\nor [PHONE]");
  EXPECT_EQ(cleaned.tickets[0].day, "2026-11-27");
  EXPECT_EQ(cleaned.reencoded, 1);
  EXPECT_EQ(cleaned.html, 1);
  EXPECT_EQ(cleaned.masked_emails, 1);
  EXPECT_EQ(cleaned.masked_phones, 1);
}

TEST(Clean, CountsWhatItDropsUnderOneHeadingEach) {
  const Cleaned cleaned = clean(
      {ticket(1, " ", "\t\r\n"), ticket(2, "", "??"), ticket(3, "Login", "I cannot log in"),
       ticket(4, "LOGIN", "I cannot  log in"), ticket(5, "Card", "it is 4111 1111 1111 1112")});
  EXPECT_EQ(cleaned.read, 5);
  EXPECT_EQ(cleaned.empty, 2);
  EXPECT_EQ(cleaned.duplicates, 1);
  EXPECT_EQ(cleaned.suspect, 1);
  ASSERT_EQ(cleaned.tickets.size(), 1u);
  EXPECT_EQ(cleaned.tickets[0].id, 3);
}

TEST(Clean, DuplicateLendsItsIntentToTheFirst) {
  Ticket second = ticket(2, "Help", "please help me");
  second.intent = "login";
  Ticket third = second;
  third.id = 3;
  third.intent = "refund";
  const Cleaned cleaned = clean({ticket(1, "Help", "please help me"), second, third});
  ASSERT_EQ(cleaned.tickets.size(), 1u);
  EXPECT_EQ(cleaned.tickets[0].id, 1);
  EXPECT_EQ(cleaned.tickets[0].intent, "login");
}

TEST(Clean, ClocksThatCannotBeRightAreNotBelieved) {
  Ticket ahead = ticket(1, "Help", "my clock is ahead");
  ahead.created_at = kNoon + 24h * 400;
  Ticket reset = ticket(2, "Help", "my clock was reset");
  reset.created_at = Time{};
  Ticket slow = ticket(3, "Help", "this took a while");
  slow.created_at = kNoon - 24h * 3;
  const Cleaned cleaned = clean({ahead, reset, slow});
  ASSERT_EQ(cleaned.tickets.size(), 3u);
  EXPECT_EQ(cleaned.tickets[0].day, "2026-11-27");
  EXPECT_EQ(cleaned.tickets[1].day, "2026-11-27");
  EXPECT_EQ(cleaned.tickets[2].day, "2026-11-24");
  EXPECT_EQ(cleaned.wrong_clocks, 2);
}

}  // namespace
}  // namespace ticket_intent
