// A scanner a function. Tags are found by hand, because mail is no well-formed HTML and a parser
// would only refuse it.
// Pure functions, any thread.
#include "text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace ticket_intent {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

constexpr std::array<std::uint16_t, 32> kWindows1252 = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};

void append(std::string& out, std::uint32_t code) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

// Bytes of the character at the front, its code in `code`; 0 where there is none.
std::size_t character(std::string_view text, std::uint32_t& code) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t size = first < 0x80                    ? 1
                           : first >= 0xc2 && first < 0xe0 ? 2
                           : first >= 0xe0 && first < 0xf0 ? 3
                           : first >= 0xf0 && first < 0xf5 ? 4
                                                           : 0;
  if (size == 0 || size > text.size()) return 0;
  code = size == 1 ? first : first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < kLeast[size] || surrogate || code > 0x10ffff ? 0 : size;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Of the tag at the front ("<br/>", "</p>", "<!-- … -->"): its length, and its name in lower case;
// 0 where there is none.
std::size_t tag(std::string_view text, std::string& name) {
  constexpr std::string_view kComment = "<!--";
  if (text.starts_with(kComment)) {
    const std::size_t end = text.find("-->", kComment.size());
    name = "!";
    return end == text.npos ? text.size() : end + 3;
  }
  std::size_t at = 1;
  if (at < text.size() && (text[at] == '/' || text[at] == '!')) ++at;
  const std::size_t begin = at;
  while (at < text.size() && (is_letter(text[at]) || is_digit(text[at]))) ++at;
  if (at == begin || at == text.size() || !is_letter(text[begin])) return 0;
  if (std::string_view(" \t\r\n/>").find(text[at]) == std::string_view::npos) return 0;
  const std::size_t end = text.find('>', at);
  if (end == text.npos) return 0;
  name = lower(text.substr(begin, at - begin));
  return end + 1;
}

// Of the reference at the front ("&amp;", "&#8364;", "&#x20ac;"): its length, and its character.
std::size_t reference(std::string_view text, std::uint32_t& code) {
  constexpr std::pair<std::string_view, std::uint32_t> kNamed[] = {
      {"amp", '&'},   {"lt", '<'},     {"gt", '>'},       {"quot", '"'},
      {"apos", '\''}, {"nbsp", 0xa0},  {"euro", 0x20ac},  {"auml", 0xe4},
      {"ouml", 0xf6}, {"uuml", 0xfc},  {"Auml", 0xc4},    {"Ouml", 0xd6},
      {"Uuml", 0xdc}, {"szlig", 0xdf}, {"ndash", 0x2013}, {"hellip", 0x2026}};
  constexpr std::size_t kBytesMax = 10;
  const std::size_t end = text.substr(0, kBytesMax).find(';');
  if (end == text.npos || end < 2) return 0;
  std::string_view name = text.substr(1, end - 1);
  if (name.front() != '#') {
    const auto* const found = std::find_if(std::begin(kNamed), std::end(kNamed),
                                           [&](const auto& entry) { return entry.first == name; });
    if (found == std::end(kNamed)) return 0;
    code = found->second;
    return end + 1;
  }
  name.remove_prefix(1);
  const bool hexadecimal = name.starts_with('x') || name.starts_with('X');
  if (hexadecimal) name.remove_prefix(1);
  const auto [stop, error] =
      std::from_chars(name.data(), name.data() + name.size(), code, hexadecimal ? 16 : 10);
  if (error != std::errc() || stop != name.data() + name.size()) return 0;
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = kReplacement;
  return end + 1;
}

bool ends_a_line(std::string_view name) {
  for (const std::string_view line : {"br", "p", "div", "li", "tr", "h1", "h2", "h3"}) {
    if (name == line) return true;
  }
  return false;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::uint32_t code = 0;
    const std::size_t size = character(text, code);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string from_windows_1252(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append(out, byte >= 0x80 && byte < 0xa0 ? kWindows1252[byte - 0x80] : byte);
  }
  return out;
}

bool has_markup(std::string_view text) {
  std::string name;
  for (std::size_t at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    if (tag(text.substr(at), name) != 0) return true;
  }
  return false;
}

std::string without_markup(std::string_view html) {
  std::string out;
  std::string name;
  while (!html.empty()) {
    std::uint32_t code = 0;
    std::size_t size = 0;
    if (html.front() == '<' && (size = tag(html, name)) != 0) {
      const bool opens = html[1] != '/';
      html.remove_prefix(size);
      if (opens && (name == "script" || name == "style")) {
        html.remove_prefix(std::min(html.find("</" + name), html.size()));
      }
      out += ends_a_line(name) ? '\n' : ' ';
    } else if (html.front() == '&' && (size = reference(html, code)) != 0) {
      append(out, code);
      html.remove_prefix(size);
    } else {
      out += html.front();
      html.remove_prefix(1);
    }
  }
  return out;
}

std::string with_single_spaces(std::string_view text) {
  std::string out;
  bool space = false;
  bool line_end = false;
  while (!text.empty()) {
    std::uint32_t code = kReplacement;
    const std::size_t size = std::max<std::size_t>(character(text, code), 1);
    const std::string_view bytes = text.substr(0, size);
    text.remove_prefix(size);
    if (code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85 || code == 0xa0) {
      space = true;
      line_end = line_end || code == '\n' || code == '\r';
      continue;
    }
    const bool control = code < ' ' || (code >= 0x7f && code < 0xa0);
    const bool no_width = (code >= 0x200b && code <= 0x200f) || code == 0xfeff || code == 0xad;
    if (control || no_width) continue;
    if (space && !out.empty()) out += line_end ? '\n' : ' ';
    space = line_end = false;
    out += bytes;
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace ticket_intent
