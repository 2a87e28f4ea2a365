// A small JSON document: manifests, parameters, metadata, lock files. Own code because modules link
// nothing but the standard library. Objects keep the order of insertion, so dump() is
// deterministic. Parsing is bounded in depth and reports line and column. Values only: no thread
// affinity.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace weir::base {

inline constexpr int kJsonDepthMax = 64;

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_number() const { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // Readers that give `otherwise` when the value is of another type.
  bool as_bool(bool otherwise = false) const;
  std::int64_t as_int(std::int64_t otherwise = 0) const;
  double as_number(double otherwise = 0) const;
  const std::string& as_string() const;  // empty when not a string
  const Array& items() const;            // empty when not an array
  const Object& members() const;         // empty when not an object

  // The member of that name, null when there is none.
  const Json& operator[](std::string_view key) const;
  bool contains(std::string_view key) const;
  // Sets or replaces a member; a null becomes an object first.
  Json& set(std::string_view key, Json value);
  // Appends an item; a null becomes an array first.
  Json& push(Json value);

  // One line without spaces, or indented by two spaces a level. Numbers round-trip; a NaN or
  // infinity becomes null.
  std::string dump() const;
  std::string pretty() const;

  // INVALID_ARGUMENT with "line:column: what" on malformed text, on text after the document and
  // past the depth limit.
  static Result<Json> parse(std::string_view text);

  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

// `text` as a quoted JSON string, appended to `out`.
void append_quoted(std::string& out, std::string_view text);

}  // namespace weir::base
