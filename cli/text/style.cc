// Escape sequences, widths and words. A code point counts as one column: names and states are
// ASCII, and wide characters only make a table ragged.
// Pure functions.
#include "cli/text/style.h"

#include <algorithm>
#include <cstdio>

namespace weir::cli {
namespace {

const char* sequence(Color color) {
  switch (color) {
    case Color::kRed:
      return "\x1b[31m";
    case Color::kGreen:
      return "\x1b[32m";
    case Color::kYellow:
      return "\x1b[33m";
    case Color::kBlue:
      return "\x1b[36m";
    case Color::kDim:
      return "\x1b[2m";
    case Color::kBold:
      return "\x1b[1m";
    case Color::kNone:
      break;
  }
  return "";
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  for (const std::string_view candidate : words) {
    if (word == candidate) return true;
  }
  return false;
}

// Bytes of the escape sequence that the text begins with; 1 for an ESC that begins none. Titles
// and links (OSC) and the other strings end with BEL or ESC \\.
std::size_t sequence_length(std::string_view text) {
  constexpr std::string_view kStrings = "]PX^_";
  if (text.size() < 2) return 1;
  if (kStrings.find(text[1]) != std::string_view::npos) {
    const std::size_t end = text.find_first_of("\a\x1b", 2);
    if (end == std::string_view::npos) return 2;
    return text[end] == '\a' ? end + 1 : std::min(end + 2, text.size());
  }
  const auto within = [&text](std::size_t at, char low, char high) {
    return at < text.size() && text[at] >= low && text[at] <= high;
  };
  std::size_t end = text[1] == '[' ? 2 : 1;
  while (within(end, ' ', text[1] == '[' ? '?' : '/')) ++end;
  return within(end, '0', '~') ? end + 1 : end;
}

}  // namespace

std::string Painter::operator()(Color color, std::string_view text) const {
  if (!on_ || color == Color::kNone || text.empty()) return std::string(text);
  return sequence(color) + std::string(text) + "\x1b[0m";
}

Color state_color(std::string_view word) {
  if (one_of(word, {"succeeded", "cached", "ok"})) return Color::kGreen;
  if (one_of(word, {"failed", "upstream_failed", "check_failed", "crashed", "oom", "timed_out",
                    "load_error"})) {
    return Color::kRed;
  }
  if (one_of(word, {"up_for_retry", "canceling", "worker_lost", "lease_lost", "draining", "missed",
                    "superseded"})) {
    return Color::kYellow;
  }
  if (one_of(word, {"running"})) return Color::kBlue;
  if (one_of(word, {"skipped", "canceled", "released"})) return Color::kDim;
  return Color::kNone;
}

std::string_view state_icon(std::string_view word) {
  if (one_of(word, {"succeeded", "cached"})) return "✓";
  if (one_of(word, {"failed", "check_failed", "crashed", "oom", "timed_out", "load_error"})) {
    return "✗";
  }
  if (word == "upstream_failed") return "⊘";
  if (one_of(word, {"running"})) return "▶";
  if (one_of(word, {"up_for_retry", "worker_lost", "lease_lost"})) return "↻";
  if (one_of(word, {"skipped"})) return "↷";
  if (one_of(word, {"canceled", "canceling"})) return "■";
  return "○";
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\x1b') {
      i += sequence_length(text.substr(i)) - 1;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    const bool control = (byte < 0x20 && c != '\t') || byte == 0x7f;
    out += control ? ' ' : c;
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if (!continues(text[i])) ++width;
  }
  return width;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t width = 0;
  std::size_t end = 0;
  while (end < text.size() && width + 1 < columns) {
    ++end;
    while (end < text.size() && continues(text[end])) ++end;
    ++width;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string enum_word(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) == prefix) name.remove_prefix(prefix.size());
  std::string word(name);
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return word;
}

std::string count_of(long long count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string format_bytes(long long bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%.1f %s", value, kUnits[unit]);
  return buffer;
}

}  // namespace weir::cli
