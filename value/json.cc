// Encoded values as JSON. Walks schema and payload side by side and counts what it builds against
// the limit.
// Iterates over no user type and calls no user code. Pure: no state outlives a call.
#include "value/json.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/errors.h"
#include "base/text.h"
#include "value/reader.h"
#include "value/text.h"

namespace weir::value {

using base::Code;
using base::Json;
using base::Result;
using base::Status;
namespace {

constexpr std::size_t kNodeBytes = 64;  // of a Json in memory, roughly

class JsonBuilder {
 public:
  explicit JsonBuilder(std::string_view payload) : in_(payload) {}

  Json build(const SchemaNode& type) {
    if (!spend(kNodeBytes) || !in_.enter()) return {};
    Json made = value(type);
    in_.leave();
    return made;
  }

  Status status() const {
    if (too_large_) {
      return {Code::kResourceExhausted, base::kErrValueTooLarge,
              "the value would take more than 256 MiB as JSON; fetch its bytes instead"};
    }
    if (!in_.ok()) {
      return {Code::kDataLoss, base::kErrCodec,
              std::string("the bytes do not match their schema: ") + in_.problem()};
    }
    if (!in_.left().empty()) {
      return {Code::kDataLoss, base::kErrCodec,
              "the bytes do not match their schema: some are left over"};
    }
    return {};
  }

 private:
  bool spend(std::size_t bytes) {
    spent_ += bytes;
    if (spent_ > kValueJsonBytesMax) {
      too_large_ = true;
      in_.fail("too large");
    }
    return in_.ok();
  }

  std::string text(std::string_view bytes) {
    return spend(bytes.size()) ? base::valid_utf8(bytes) : std::string();
  }
  std::string encoded(std::string_view bytes) {
    return spend(bytes.size() * 4 / 3) ? base::base64(bytes) : std::string();
  }

  static Json real(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return value;
  }

  template <class Signed, class Unsigned>
  std::int64_t whole(bool is_unsigned) {
    return is_unsigned ? std::int64_t{in_.number<Unsigned>()} : std::int64_t{in_.number<Signed>()};
  }
  std::int64_t integer(NumberFormat format) {
    const bool is_unsigned = format.letter == 'u';
    if (format.bytes == 1) return whole<std::int8_t, std::uint8_t>(is_unsigned);
    if (format.bytes == 2) return whole<std::int16_t, std::uint16_t>(is_unsigned);
    if (format.bytes == 4) return whole<std::int32_t, std::uint32_t>(is_unsigned);
    return in_.number<std::int64_t>();
  }

  Json number(NumberFormat format) {
    if (format.letter == 'b') {
      const std::uint8_t byte = in_.byte();
      if (byte > 1) in_.fail("a bool is neither 0 nor 1");
      return byte == 1;
    }
    // The shortest decimal that gives the float back, rather than the double next to it.
    if (format.letter == 'f' && format.bytes == 4) return real(shortest(in_.number<float>()));
    if (format.letter == 'f') return real(in_.number<double>());
    if (format.letter == 'u' && format.bytes == 8) {
      const auto value = in_.number<std::uint64_t>();
      const bool fits = value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
      return fits ? Json(static_cast<std::int64_t>(value)) : Json(std::to_string(value));
    }
    return integer(format);
  }

  static double shortest(float value) {
    if (!std::isfinite(value)) return value;
    char digits[32];
    for (int precision = 6; precision <= 9; ++precision) {
      std::snprintf(digits, sizeof digits, "%.*g", precision, static_cast<double>(value));
      if (std::strtof(digits, nullptr) == value) break;
    }
    return std::strtod(digits, nullptr);
  }

  Json clock(const SchemaNode& type) {
    const Json count = number(type.number);
    if (!count.is_int()) return count;
    const bool is_time = type.kind == SchemaKind::kTime;
    std::string shown =
        is_time ? time_text(count.as_int(), type) : duration_text(count.as_int(), type);
    return shown.empty() ? count : Json(std::move(shown));
  }

  Json date() {
    const int year = in_.number<std::int16_t>();
    const unsigned month = in_.byte();
    return date_text(year, month, in_.byte());
  }

  Json json() {
    const auto parsed = Json::parse(in_.text());
    if (!parsed.ok()) in_.fail("a JSON member does not parse");
    return parsed.ok() ? *parsed : Json();
  }

  Json external() {
    Json made(Json::Object{});
    made.set("uri", text(in_.text()));
    made.set("version", text(in_.text()));
    return made;
  }

  Json list(const SchemaNode& element, std::uint64_t count) {
    Json::Array made;
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) made.push_back(build(element));
    return Json(std::move(made));
  }

  Json map(const SchemaNode& type) {
    const SchemaNode& key = *type.parts[0].type;
    const SchemaNode& mapped = *type.parts[1].type;
    const std::uint64_t count = in_.count();
    const bool by_name = key.kind == SchemaKind::kString;
    Json::Object object;
    Json::Array pairs;
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      if (by_name) {
        std::string name = text(in_.text());
        object.emplace_back(std::move(name), build(mapped));
      } else {
        Json::Array pair{build(key)};
        pair.push_back(build(mapped));
        pairs.emplace_back(std::move(pair));
      }
    }
    return by_name ? Json(std::move(object)) : Json(std::move(pairs));
  }

  Json members(const SchemaNode& type) {
    if (type.parts.empty()) in_.byte();
    Json::Object object;
    Json::Array array;
    for (const auto& part : type.parts) {
      if (type.kind == SchemaKind::kTuple) {
        array.push_back(build(*part.type));
      } else if (spend(part.name.size())) {
        object.emplace_back(part.name, build(*part.type));
      }
    }
    return type.kind == SchemaKind::kTuple ? Json(std::move(array)) : Json(std::move(object));
  }

  Json optional(const SchemaNode& type) {
    const std::uint8_t present = in_.byte();
    if (present > 1) in_.fail("an optional is neither absent nor present");
    return present == 1 ? build(*type.parts[0].type) : Json();
  }

  Json one_of(const SchemaNode& type) {
    const std::uint64_t index = in_.varint();
    if (index >= type.parts.size()) {
      in_.fail("a variant has no such alternative");
      return {};
    }
    Json made(Json::Object{});
    made.set("alternative", static_cast<std::int64_t>(index));
    made.set("value", build(*type.parts[index].type));
    return made;
  }

  Json value(const SchemaNode& type) {
    switch (type.kind) {
      case SchemaKind::kNumber:
      case SchemaKind::kEnum:
        return number(type.number);
      case SchemaKind::kDuration:
      case SchemaKind::kTime:
        return clock(type);
      case SchemaKind::kDate:
        return date();
      case SchemaKind::kString:
        return text(in_.text());
      case SchemaKind::kBytes:
      case SchemaKind::kCustom:
        return encoded(in_.text());
      case SchemaKind::kJson:
        return json();
      case SchemaKind::kExternal:
        return external();
      case SchemaKind::kFile:
      case SchemaKind::kTree:
        in_.fail("a file or a tree has no payload");
        return {};
      case SchemaKind::kList:
      case SchemaKind::kSet:
        return list(*type.parts[0].type, in_.count());
      case SchemaKind::kArray:
        if (type.length == 0) in_.byte();
        return list(*type.parts[0].type, type.length);
      case SchemaKind::kMap:
        return map(type);
      case SchemaKind::kOptional:
        return optional(type);
      case SchemaKind::kOneOf:
        return one_of(type);
      case SchemaKind::kTuple:
      case SchemaKind::kStruct:
        return members(type);
    }
    return {};
  }

  ValueReader in_;
  std::size_t spent_ = 0;
  bool too_large_ = false;
};

}  // namespace

Result<Json> value_to_json(std::string_view encoded) {
  const auto parts = split_value(encoded);
  if (!parts.ok()) return parts.status();
  const auto schema = Schema::parse(parts->schema);
  if (!schema.ok()) return schema.status();
  JsonBuilder builder(parts->payload);
  Json made = builder.build(schema->root());
  Status status = builder.status();
  if (!status.ok()) return status;
  return made;
}

}  // namespace weir::value
