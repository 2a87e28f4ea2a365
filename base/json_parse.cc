// Reads JSON (RFC 8259) strictly: no comments, no trailing commas, valid UTF-8 and surrogate pairs,
// no member twice. Depth is bounded, so hostile input cannot exhaust the stack. An error carries
// line and column. Pure.
#include <algorithm>
#include <charconv>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace weir::base {
namespace {

void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
  } else {
    if (point < 0x10000) {
      out += static_cast<char>(0xE0 | point >> 12);
    } else {
      out += static_cast<char>(0xF0 | point >> 18);
      out += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    }
    out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
  }
  out += static_cast<char>(0x80 | (point & 0x3F));
}

// Methods return false after the first error, which is kept with its offset.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Json> document() {
    Json value;
    skip_space();
    if (parse_value(value, 0)) {
      skip_space();
      if (at_ < text_.size()) fail("text after the end of the document");
    }
    if (problem_.empty()) return value;
    return Status(Code::kInvalidArgument, kErrUsage, position() + ": " + problem_);
  }

 private:
  bool fail(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
    return false;
  }

  std::string position() const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const auto line_start = before.rfind('\n');
    const std::size_t column = line_start == std::string_view::npos ? at_ + 1 : at_ - line_start;
    return std::to_string(line) + ":" + std::to_string(column);
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool parse_word(std::string_view word, Json value, Json& out) {
    if (text_.substr(at_, word.size()) != word) return fail("a value was expected");
    at_ += word.size();
    out = std::move(value);
    return true;
  }

  bool parse_value(Json& out, int depth) {
    if (depth > kJsonDepthMax) {
      return fail("nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
    }
    if (at_ >= text_.size()) return fail("the document ends where a value was expected");
    switch (peek()) {
      case '{':
        return parse_object(out, depth);
      case '[':
        return parse_array(out, depth);
      case '"': {
        std::string text;
        if (!parse_string(text)) return false;
        out = Json(std::move(text));
        return true;
      }
      case 't':
        return parse_word("true", Json(true), out);
      case 'f':
        return parse_word("false", Json(false), out);
      case 'n':
        return parse_word("null", Json(), out);
      default:
        return parse_number(out);
    }
  }

  bool parse_array(Json& out, int depth) {
    Json::Array items;
    ++at_;
    skip_space();
    if (!take(']')) {
      while (true) {
        skip_space();
        if (!parse_value(items.emplace_back(), depth + 1)) return false;
        skip_space();
        if (take(']')) break;
        if (!take(',')) return fail("',' or ']' was expected");
      }
    }
    out = Json(std::move(items));
    return true;
  }

  bool parse_object(Json& out, int depth) {
    Json::Object members;
    ++at_;
    skip_space();
    if (!take('}')) {
      while (true) {
        skip_space();
        auto& [key, value] = members.emplace_back();
        if (peek() != '"') return fail("a member name in quotes was expected");
        if (!parse_string(key)) return false;
        skip_space();
        if (!take(':')) return fail("':' was expected");
        skip_space();
        if (!parse_value(value, depth + 1)) return false;
        skip_space();
        if (take('}')) break;
        if (!take(',')) return fail("',' or '}' was expected");
      }
    }
    if (!names_differ(members)) return false;
    out = Json(std::move(members));
    return true;
  }

  bool names_differ(const Json::Object& members) {
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const auto& member : members) names.push_back(member.first);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return true;
    return fail("the object has two members named '" + std::string(*twice) + "'");
  }

  bool parse_string(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        return fail("a control character inside a string must be escaped");
      }
      if (c == '\\') {
        if (!parse_escape(out)) return false;
        continue;
      }
      const std::size_t length = utf8_length(text_.substr(at_));
      if (length == 0) return fail("malformed UTF-8 inside a string");
      out += text_.substr(at_, length);
      at_ += length;
    }
    return fail("the document ends inside a string");
  }

  bool parse_escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == 'u') return parse_code_point(out);
    const auto which = c == '\0' ? std::string_view::npos : kNames.find(c);
    if (which == std::string_view::npos) return fail("unknown escape inside a string");
    out += kValues[which];
    at_ += 2;
    return true;
  }

  bool parse_hex(std::uint32_t& unit) {
    const std::string_view digits = text_.substr(std::min(at_ + 2, text_.size()), 4);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) {
      return fail("\\u needs four hexadecimal digits");
    }
    at_ += 6;
    return true;
  }

  bool parse_code_point(std::string& out) {
    std::uint32_t unit = 0;
    if (!parse_hex(unit)) return false;
    if (unit >= 0xD800 && unit <= 0xDFFF) {
      std::uint32_t low = 0;
      if (unit >= 0xDC00 || text_.substr(at_, 2) != "\\u") return fail("a lone surrogate");
      if (!parse_hex(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return fail("a lone surrogate");
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, unit);
    return true;
  }

  std::size_t take_digits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - start;
  }

  bool parse_number(Json& out) {
    const std::size_t start = at_;
    bool real = false;
    take('-');
    const bool leading_zero = peek() == '0';
    const std::size_t whole = take_digits();
    if (whole == 0) {
      at_ = start;
      return fail("a value was expected");
    }
    if (leading_zero && whole > 1) return fail("a number must not begin with 0");
    if (take('.')) {
      real = true;
      if (take_digits() == 0) return fail("digits were expected after the point");
    }
    if (take('e') || take('E')) {
      real = true;
      if (!take('+')) take('-');
      if (take_digits() == 0) return fail("digits were expected in the exponent");
    }
    return store_number(text_.substr(start, at_ - start), real, out);
  }

  // An integer beyond 64 bits becomes a double, as in every JSON reader.
  bool store_number(std::string_view digits, bool real, Json& out) {
    const char* const end = digits.data() + digits.size();
    std::int64_t integer = 0;
    if (!real && std::from_chars(digits.data(), end, integer).ec == std::errc{}) {
      out = Json(integer);
      return true;
    }
    double value = 0;
    if (std::from_chars(digits.data(), end, value).ec != std::errc{}) {
      return fail("the number is out of range");
    }
    out = Json(value);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace

Result<Json> Json::parse(std::string_view text) { return Parser(text).document(); }

}  // namespace weir::base
