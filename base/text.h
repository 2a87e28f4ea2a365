// Text forms of bytes and lengths of time, and text made safe to store and send: everything that
// calls itself text in Weir is UTF-8. Pure functions, safe from any thread; parsers accept what the
// writers give, and nothing else.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir::base {

std::string base64(std::string_view bytes);
std::optional<std::string> parse_base64(std::string_view text);

// The digits, for who writes a few of them; data alone, so that signal handlers may, too.
inline constexpr std::string_view kHexDigits = "0123456789abcdef";
// Two lower-case digits a byte.
std::string hex(std::string_view bytes);
// The value of a digit in either case, -1 for any other character.
int hex_digit(char c);

// Bytes of the UTF-8 sequence at the front, 0 when there is none. Refused is what RFC 3629 refuses:
// overlong forms, surrogates, and all above U+10FFFF.
std::size_t utf8_length(std::string_view text);
// `text` with every sequence that is not UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);
// The same of at most `bytes_max` bytes: cut between characters, and then the mark follows.
inline constexpr std::string_view kCutMark = "… (cut)";
std::string cut_utf8(std::string_view text, std::size_t bytes_max);

// A length of time as people say it, in parts that are whole: "26 h", "1 h 30 min", "3 d 12 h".
std::string span_words(std::chrono::milliseconds span);

}  // namespace weir::base
