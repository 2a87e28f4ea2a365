// What a ticket's text goes through before anybody looks at its meaning: encoding, markup, space.
// Pure functions, any thread.
// They must not look for personal data: mask.h does, on what comes out here.
#pragma once

#include <string>
#include <string_view>

namespace ticket_intent {

// By RFC 3629: no surrogates, nothing longer than needed, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// Every byte is a character, by the table of Windows-1252; the five bytes that it leaves undefined
// become U+FFFD.
std::string from_windows_1252(std::string_view bytes);

// Whether a tag stands in it. "a < b" and "<max@example.com>" are none.
bool has_markup(std::string_view text);

// Text without tags and comments, character references decoded; what stands in <script> and <style>
// is left out. Tags that end a line on the page end one here.
std::string without_markup(std::string_view html);

// `text` is UTF-8. Without control characters, byte order marks and zero-width spaces; runs of
// space become one, or one line end if they hold one; none at either end.
std::string with_single_spaces(std::string_view text);

// ASCII letters in lower case; others stay.
std::string lower(std::string_view text);

}  // namespace ticket_intent
