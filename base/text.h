// Text forms of bytes, and text made safe to store and send: everything that calls itself text in
// Weir is UTF-8. Pure functions, safe from any thread; parsers accept what the writers give, and
// nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::base {

std::string base64(std::string_view bytes);
std::optional<std::string> parse_base64(std::string_view text);

// `text` with every sequence that is not UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);
// The same of at most `bytes_max` bytes: cut between characters, and then "… (cut)" follows.
std::string cut_utf8(std::string_view text, std::size_t bytes_max);

// "2026-01-31"; a day that does not exist is written as it is.

}  // namespace weir::base
