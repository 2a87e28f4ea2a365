// Members of rows as JSON text and back: what the store keeps of lists, and what canonical text
// shows of every column. A struct with columns is the array of them, in their order. Written by
// hand, because it is on the path of every commit. Pure functions.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/status.h"
#include "base/words.h"
#include "engine/rows/columns.h"

namespace weir::engine {

namespace json_impl {

template <class T>
inline constexpr bool kIsList = false;
template <class Item>
inline constexpr bool kIsList<std::vector<Item>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kUnknown = false;

}  // namespace json_impl

// '"' and the 64 hexadecimal characters of the digest and '"'.
void append_hex(std::string& out, const base::Digest& digest);

template <class T>
void append_json(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    base::append_quoted(out, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    out += std::to_string(value);
  } else if constexpr (base::Worded<T>) {
    out.append("\"").append(base::word_of(value)).append("\"");
  } else if constexpr (std::is_same_v<T, base::Code>) {
    out += std::to_string(static_cast<int>(value));
  } else if constexpr (std::is_same_v<T, base::Digest>) {
    append_hex(out, value);
  } else if constexpr (std::is_same_v<T, base::RunId>) {
    if (value) {
      out.append("\"").append(value.text()).append("\"");
    } else {
      out += "null";
    }
  } else if constexpr (std::is_same_v<T, base::WallTime>) {
    out += std::to_string(value.time_since_epoch().count());
  } else if constexpr (json_impl::kIsOptional<T>) {
    if (value) {
      append_json(out, *value);
    } else {
      out += "null";
    }
  } else if constexpr (std::is_same_v<T, std::shared_ptr<const std::string>>) {
    out += value ? std::to_string(value->size()) : "null";  // bytes are told by their digest
  } else if constexpr (json_impl::kIsList<T>) {
    out += '[';
    bool first = true;
    for (const auto& item : value) {
      if (!std::exchange(first, false)) out += ',';
      append_json(out, item);
    }
    out += ']';
  } else if constexpr (HasColumns<T>) {
    out += '[';
    bool first = true;
    visit_columns(value, [&](std::string_view, Role, const auto& member) {
      if (!std::exchange(first, false)) out += ',';
      append_json(out, member);
    });
    out += ']';
  } else {
    static_assert(json_impl::kUnknown<T>, "say how this type is written as JSON");
  }
}

// False when the text cannot have been written by append_json of such a value.
template <class T>
bool read_json(const base::Json& json, T& out) {
  if constexpr (std::is_same_v<T, std::string>) {
    out = json.as_string();
    return json.is_string();
  } else if constexpr (std::is_same_v<T, bool>) {
    out = json.as_bool();
    return json.is_bool();
  } else if constexpr (std::is_integral_v<T>) {
    const std::int64_t wide = json.as_int();
    out = static_cast<T>(wide);
    return json.is_int() && wide >= std::numeric_limits<T>::min() &&
           wide <= std::numeric_limits<T>::max();
  } else if constexpr (base::Worded<T>) {
    const std::optional<T> known = base::parse_word<T>(json.as_string());
    if (known) out = *known;
    return known.has_value();
  } else if constexpr (std::is_same_v<T, base::Digest>) {
    const std::optional<base::Digest> digest = base::Digest::parse(json.as_string());
    if (digest) out = *digest;
    return digest.has_value();
  } else if constexpr (json_impl::kIsList<T>) {
    if (!json.is_array()) return false;
    out.reserve(json.items().size());
    for (const base::Json& item : json.items()) {
      if (!read_json(item, out.emplace_back())) return false;
    }
    return true;
  } else if constexpr (HasColumns<T>) {
    std::size_t at = 0;
    bool good = json.is_array();
    visit_columns(out, [&](std::string_view, Role, auto& member) {
      good = good && at < json.items().size() && read_json(json.items()[at], member);
      ++at;
    });
    return good && at == json.items().size();
  } else {
    static_assert(json_impl::kUnknown<T>, "say how this type is read from JSON");
  }
}

}  // namespace weir::engine
