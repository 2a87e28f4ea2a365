// JSON values and their text. Output is deterministic: members in order of insertion, numbers in
// the shortest form that reads back the same. The parser is json_parse.cc. Values only: no thread
// affinity, no I/O.
#include "base/json.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace weir::base {
namespace {

const Json kNull;
const std::string kNoText;
const Json::Array kNoItems;
const Json::Object kNoMembers;

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  const std::string_view shortest(text, static_cast<std::size_t>(end - text));
  out += shortest;
  // Without a mark it would read back as an integer.
  if (shortest.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_break(std::string& out, int indent, int level) {
  if (indent == 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent * level), ' ');
}

void append_value(std::string& out, const Json& value, int indent, int level);

void append_array(std::string& out, const Json::Array& items, int indent, int level) {
  out += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    append_break(out, indent, level + 1);
    append_value(out, items[i], indent, level + 1);
  }
  if (!items.empty()) append_break(out, indent, level);
  out += ']';
}

void append_object(std::string& out, const Json::Object& members, int indent, int level) {
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    append_break(out, indent, level + 1);
    append_quoted(out, members[i].first);
    out += indent == 0 ? ":" : ": ";
    append_value(out, members[i].second, indent, level + 1);
  }
  if (!members.empty()) append_break(out, indent, level);
  out += '}';
}

void append_value(std::string& out, const Json& value, int indent, int level) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_int()) {
    out += std::to_string(value.as_int());
  } else if (value.is_number()) {
    append_number(out, value.as_number());
  } else if (value.is_string()) {
    append_quoted(out, value.as_string());
  } else if (value.is_array()) {
    append_array(out, value.items(), indent, level);
  } else {
    append_object(out, value.members(), indent, level);
  }
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += kHexDigits[static_cast<unsigned char>(c) >> 4];
      out += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

bool Json::as_bool(bool otherwise) const {
  const bool* value = std::get_if<bool>(&value_);
  return value != nullptr ? *value : otherwise;
}

std::int64_t Json::as_int(std::int64_t otherwise) const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  const auto* real = std::get_if<double>(&value_);
  constexpr double kLimit = 9223372036854775808.0;
  if (real == nullptr || std::trunc(*real) != *real || *real < -kLimit || *real >= kLimit) {
    return otherwise;
  }
  return static_cast<std::int64_t>(*real);
}

double Json::as_number(double otherwise) const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  const auto* real = std::get_if<double>(&value_);
  return real != nullptr ? *real : otherwise;
}

const std::string& Json::as_string() const {
  const auto* value = std::get_if<std::string>(&value_);
  return value != nullptr ? *value : kNoText;
}

const Json::Array& Json::items() const {
  const auto* value = std::get_if<Array>(&value_);
  return value != nullptr ? *value : kNoItems;
}

const Json::Object& Json::members() const {
  const auto* value = std::get_if<Object>(&value_);
  return value != nullptr ? *value : kNoMembers;
}

const Json& Json::operator[](std::string_view key) const {
  for (const Member& member : members()) {
    if (member.first == key) return member.second;
  }
  return kNull;
}

bool Json::contains(std::string_view key) const {
  for (const Member& member : members()) {
    if (member.first == key) return true;
  }
  return false;
}

Json& Json::set(std::string_view key, Json value) {
  if (!is_object()) value_ = Object{};
  auto& object = std::get<Object>(value_);
  for (Member& member : object) {
    if (member.first == key) {
      member.second = std::move(value);
      return *this;
    }
  }
  object.emplace_back(std::string(key), std::move(value));
  return *this;
}

Json& Json::push(Json value) {
  if (!is_array()) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

std::string Json::dump() const {
  std::string out;
  append_value(out, *this, 0, 0);
  return out;
}

std::string Json::pretty() const {
  std::string out;
  append_value(out, *this, 2, 0);
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
  };
  out += '"';
  for (auto at = text.begin(); at != text.end();) {
    const auto end = std::find_if_not(at, text.end(), plain);
    out.append(at, end);
    at = end;
    if (at != text.end()) append_escaped(out, *at++);
  }
  out += '"';
}

}  // namespace weir::base
