// Bytes as text and text made safe: see text.h. One decoder of UTF-8 and one table of digits serve
// everybody, so that what one part lets through no other refuses.
// Pure: no state outlives a call.
#include "base/text.h"

#include <cstdint>

namespace weir::base {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group <<= 8;
      if (at + i < bytes.size()) group |= static_cast<unsigned char>(bytes[at + i]);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += at + i > bytes.size() ? '=' : kBase64[(group >> (18 - 6 * i)) & 63];
    }
  }
  return out;
}

std::optional<std::string> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    std::uint32_t group = 0;
    std::size_t padding = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const char c = text[at + i];
      const std::size_t value = kBase64.find(c);
      const bool pad = c == '=' && i >= 2 && at + 4 == text.size();
      if (!pad && (value == std::string_view::npos || padding > 0)) return std::nullopt;
      padding += pad ? 1 : 0;
      group = (group << 6) | (pad ? 0 : static_cast<std::uint32_t>(value));
    }
    for (std::size_t i = 0; i < 3 - padding; ++i) out += static_cast<char>(group >> (16 - 8 * i));
  }
  return out;
}

std::string hex(std::string_view bytes) {
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xF0 && at(1) < 0x90);
  const bool outside = (lead == 0xED && at(1) > 0x9F) || (lead == 0xF4 && at(1) > 0x8F);
  return overlong || outside ? 0 : size;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    out += size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

std::string cut_utf8(std::string_view text, std::size_t bytes_max) {
  constexpr std::size_t kCharacterBytesMax = 4;
  std::string out = valid_utf8(text.substr(0, bytes_max + kCharacterBytesMax));
  if (out.size() <= bytes_max) return out;
  std::size_t end = bytes_max;
  while ((static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  out.resize(end);
  return out.append(kCutMark);
}

std::string span_words(std::chrono::milliseconds span) {
  struct Unit {
    std::int64_t ms;
    const char* name;
  };
  constexpr Unit kUnits[] = {
      {86'400'000, " d"}, {3'600'000, " h"}, {60'000, " min"}, {1000, " s"}, {1, " ms"}};
  if (span.count() < 0) return "-" + span_words(-span);
  std::int64_t left = span.count();
  const bool in_hours = left < 2 * kUnits[0].ms;  // people say 26 h and not 1 d 2 h
  std::string text;
  for (const Unit& unit : kUnits) {
    if (in_hours && unit.ms == kUnits[0].ms) continue;
    if (left >= unit.ms)
      text += (text.empty() ? "" : " ") + std::to_string(left / unit.ms) + unit.name;
    left %= unit.ms;
  }
  return text.empty() ? "0 s" : text;
}

}  // namespace weir::base
