// JSON as encoded values, and parameters over their defaults.
// The inverse of value_json.cc; every refusal names the member. Numbers are never rounded
// silently. Pure: no state outlives a call.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/names.h"
#include "base/text.h"
#include "value/json.h"
#include "value/reader.h"
#include "value/text.h"

namespace weir::value {

using base::Code;
using base::Json;
using base::Result;
using base::Status;
namespace {

std::string member_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::string kind_of(const Json& json) {
  if (json.is_null()) return "null";
  if (json.is_bool()) return "a truth value";
  if (json.is_number()) return "a number";
  if (json.is_string()) return "a text";
  return json.is_array() ? "a list" : "an object";
}

Status bad(const std::string& path, const std::string& problem) {
  return {Code::kInvalidArgument, base::kErrBadParam,
          (path.empty() ? "the value" : path) + " " + problem};
}

Status unknown_member(const SchemaNode& type, const std::string& path, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& part : type.parts) known.push_back(part.name);
  return bad(member_path(path, name), "is not a known member." + base::did_you_mean(name, known));
}

class JsonEncoder {
 public:
  Status encode(const SchemaNode& type, const Json& json, const std::string& path) {
    if (++depth_ > kValueNestingMax) return bad(path, "is nested too deeply");
    Status status = value(type, json, path);
    --depth_;
    return status;
  }
  std::string take() { return std::move(out_); }

 private:
  template <class Number>
  void put(Number number) {
    out_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }

  static Status expected(const std::string& path, const std::string& what, const Json& json) {
    return bad(path, "must be " + what + ", not " + kind_of(json));
  }

  template <class Number>
  static std::optional<Number> parsed(const std::string& text) {
    Number number{};
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
    return number;
  }

  static std::optional<double> real(const Json& json) {
    if (json.is_number()) return json.as_number();
    if (!json.is_string()) return std::nullopt;
    const std::string& text = json.as_string();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    return parsed<double>(text);
  }

  template <class Number>
  Status whole(const Json& json, const std::string& path) {
    std::optional<Number> number;
    if (json.is_string()) {
      number = parsed<Number>(json.as_string());
    } else if (json.is_int()) {
      const std::int64_t value = json.as_int();
      if (std::in_range<Number>(value)) number = static_cast<Number>(value);
    } else if (json.is_number() && json.as_int(0) == json.as_int(1)) {  // 3.0, not 3.5
      if (std::in_range<Number>(json.as_int())) number = static_cast<Number>(json.as_int());
    }
    if (!number) {
      return bad(path, "must be a whole number from " +
                           std::to_string(std::numeric_limits<Number>::min()) + " to " +
                           std::to_string(std::numeric_limits<Number>::max()) + ", not " +
                           (json.is_number() ? json.dump() : kind_of(json)));
    }
    put(*number);
    return {};
  }

  Status integer(NumberFormat format, const Json& json, const std::string& path) {
    const bool sign = format.letter != 'u';
    switch (format.bytes) {
      case 1:
        return sign ? whole<std::int8_t>(json, path) : whole<std::uint8_t>(json, path);
      case 2:
        return sign ? whole<std::int16_t>(json, path) : whole<std::uint16_t>(json, path);
      case 4:
        return sign ? whole<std::int32_t>(json, path) : whole<std::uint32_t>(json, path);
      default:
        return sign ? whole<std::int64_t>(json, path) : whole<std::uint64_t>(json, path);
    }
  }

  Status number(NumberFormat format, const Json& json, const std::string& path) {
    if (format.letter == 'b') {
      const bool text = json.as_string() == "true" || json.as_string() == "false";
      if (!json.is_bool() && !text) return expected(path, "true or false", json);
      out_ += json.as_bool() || json.as_string() == "true" ? '\1' : '\0';
      return {};
    }
    if (format.letter != 'f') return integer(format, json, path);
    const auto value = real(json);
    if (!value) return expected(path, "a number", json);
    if (format.bytes == 8) {
      put(*value);
      return {};
    }
    if (std::isfinite(*value) && std::abs(*value) > std::numeric_limits<float>::max()) {
      return bad(path, "does not fit into a 32-bit number");
    }
    put(static_cast<float>(*value));
    return {};
  }

  Status clock(const SchemaNode& type, const Json& json, const std::string& path) {
    if (!json.is_string() || type.number.letter == 'f') return number(type.number, json, path);
    const bool is_time = type.kind == SchemaKind::kTime;
    const auto count =
        is_time ? parse_time(json.as_string(), type) : parse_duration(json.as_string(), type);
    if (count) return integer(type.number, *count, path);
    return bad(path, is_time ? "must be a time such as \"2026-01-31T10:00:00Z\" that fits its unit"
                             : "must be a duration such as \"90s\" that fits its unit");
  }

  Status date(const Json& json, const std::string& path) {
    const auto date = parse_date(json.as_string());
    if (!date) return expected(path, "a date such as \"2026-01-31\"", json);
    put(static_cast<std::int16_t>(date->year));
    put(static_cast<std::uint8_t>(date->month));
    put(static_cast<std::uint8_t>(date->day));
    return {};
  }

  void text(std::string_view bytes) {
    append_varint(out_, bytes.size());
    out_ += bytes;
  }
  Status string(const Json& json, const std::string& path) {
    // `-p name=3` means the text 3.
    if (!json.is_string() && !json.is_int() && !json.is_bool()) {
      return expected(path, "a text", json);
    }
    text(json.is_string() ? json.as_string() : json.dump());
    return {};
  }
  Status bytes(const Json& json, const std::string& path) {
    const auto decoded = json.is_string() ? base::parse_base64(json.as_string()) : std::nullopt;
    if (!decoded) return expected(path, "base64", json);
    text(*decoded);
    return {};
  }

  Status external(const Json& json, const std::string& path) {
    if (!json.is_object()) return expected(path, "an object with uri and version", json);
    Status status = string(json["uri"], member_path(path, "uri"));
    return status.ok() ? string(json["version"], member_path(path, "version")) : status;
  }

  Status elements(const SchemaNode& type, const Json& json, const std::string& path) {
    if (!json.is_array()) return expected(path, "a list", json);
    const auto& items = json.items();
    if (type.kind == SchemaKind::kArray && items.size() != type.length) {
      return bad(path, "must have " + std::to_string(type.length) + " elements");
    }
    if (type.kind == SchemaKind::kSet) return sorted(type, json, path);
    if (type.kind == SchemaKind::kList) append_varint(out_, items.size());
    if (type.kind == SchemaKind::kArray && items.empty()) out_ += '\0';
    for (std::size_t i = 0; i < items.size(); ++i) {
      Status status = encode(*type.parts[0].type, items[i], path + "[" + std::to_string(i) + "]");
      if (!status.ok()) return status;
    }
    return {};
  }

  // Encodes one thing apart from what has been written so far.
  Result<std::string> apart(const SchemaNode& type, const Json& json, const std::string& path) {
    std::string before = std::exchange(out_, {});
    Status status = encode(type, json, path);
    std::string made = std::exchange(out_, std::move(before));
    if (!status.ok()) return status;
    return made;
  }

  // Sets and maps are stored in the order of their encoded keys.
  Status sorted(const SchemaNode& type, const Json& json, const std::string& path) {
    std::vector<std::pair<std::string, std::string>> entries;
    const auto add = [&](const Json& key, const Json* mapped, const std::string& where) -> Status {
      auto first = apart(*type.parts[0].type, key, where);
      if (!first.ok()) return first.status();
      entries.emplace_back(std::move(*first), std::string());
      if (mapped == nullptr) return {};
      auto second = apart(*type.parts[1].type, *mapped, where);
      if (!second.ok()) return second.status();
      entries.back().second = std::move(*second);
      return {};
    };
    for (const auto& [name, mapped] : json.members()) {
      if (Status status = add(name, &mapped, member_path(path, name)); !status.ok()) return status;
    }
    for (std::size_t i = 0; i < json.items().size(); ++i) {
      const Json& item = json.items()[i];
      const std::string where = path + "[" + std::to_string(i) + "]";
      const bool pair = type.kind == SchemaKind::kMap;
      if (pair && item.items().size() != 2) return expected(where, "a pair of key and value", item);
      Status status =
          pair ? add(item.items()[0], &item.items()[1], where) : add(item, nullptr, where);
      if (!status.ok()) return status;
    }
    std::sort(entries.begin(), entries.end());
    append_varint(out_, entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0 && entries[i].first == entries[i - 1].first) return bad(path, "has a key twice");
      out_ += entries[i].first + entries[i].second;
    }
    return {};
  }

  Status map(const SchemaNode& type, const Json& json, const std::string& path) {
    const bool by_name = type.parts[0].type->kind == SchemaKind::kString;
    if (by_name ? !json.is_object() : !json.is_array()) {
      return expected(path, by_name ? "an object" : "a list of pairs", json);
    }
    return sorted(type, json, path);
  }

  Status optional(const SchemaNode& type, const Json& json, const std::string& path) {
    out_ += json.is_null() ? '\0' : '\1';
    if (json.is_null()) return {};
    return encode(*type.parts[0].type, json, path);
  }

  Status one_of(const SchemaNode& type, const Json& json, const std::string& path) {
    const std::int64_t index = json["alternative"].as_int(-1);
    if (index < 0 || index >= static_cast<std::int64_t>(type.parts.size())) {
      return bad(path, "must be {\"alternative\":0…,\"value\":…}");
    }
    append_varint(out_, static_cast<std::uint64_t>(index));
    return encode(*type.parts[static_cast<std::size_t>(index)].type, json["value"], path);
  }

  Status tuple(const SchemaNode& type, const Json& json, const std::string& path) {
    if (!json.is_array() || json.items().size() != type.parts.size()) {
      return bad(path, "must be a list of " + std::to_string(type.parts.size()));
    }
    if (type.parts.empty()) out_ += '\0';
    for (std::size_t i = 0; i < type.parts.size(); ++i) {
      Status status =
          encode(*type.parts[i].type, json.items()[i], path + "[" + std::to_string(i) + "]");
      if (!status.ok()) return status;
    }
    return {};
  }

  Status fields(const SchemaNode& type, const Json& json, const std::string& path) {
    if (!json.is_object()) return expected(path, "an object", json);
    for (const auto& [name, member] : json.members()) {
      const bool known =
          std::any_of(type.parts.begin(), type.parts.end(),
                      [&, &name = name](const auto& part) { return part.name == name; });
      if (!known) return unknown_member(type, path, name);
    }
    if (type.parts.empty()) out_ += '\0';
    for (const auto& part : type.parts) {
      const bool may_lack = part.type->kind == SchemaKind::kOptional;
      const std::string where = member_path(path, part.name);
      if (!json.contains(part.name) && !may_lack) return bad(where, "is missing");
      if (Status status = encode(*part.type, json[part.name], where); !status.ok()) return status;
    }
    return {};
  }

  Status value(const SchemaNode& type, const Json& json, const std::string& path) {
    switch (type.kind) {
      case SchemaKind::kNumber:
      case SchemaKind::kEnum:
        return number(type.number, json, path);
      case SchemaKind::kDuration:
      case SchemaKind::kTime:
        return clock(type, json, path);
      case SchemaKind::kDate:
        return date(json, path);
      case SchemaKind::kString:
        return string(json, path);
      case SchemaKind::kBytes:
      case SchemaKind::kCustom:
        return bytes(json, path);
      case SchemaKind::kJson:
        text(json.dump());
        return {};
      case SchemaKind::kExternal:
        return external(json, path);
      case SchemaKind::kFile:
      case SchemaKind::kTree:
        return bad(path, "is a file or a tree, which JSON cannot hold");
      case SchemaKind::kList:
      case SchemaKind::kArray:
      case SchemaKind::kSet:
        return elements(type, json, path);
      case SchemaKind::kMap:
        return map(type, json, path);
      case SchemaKind::kOptional:
        return optional(type, json, path);
      case SchemaKind::kOneOf:
        return one_of(type, json, path);
      case SchemaKind::kTuple:
        return tuple(type, json, path);
      case SchemaKind::kStruct:
        return fields(type, json, path);
    }
    return {};
  }

  std::string out_;
  int depth_ = 0;
};

Status merge(const SchemaNode& type, Json& into, const Json& given, const std::string& path) {
  if (type.kind != SchemaKind::kStruct || !given.is_object()) {
    into = given;
    return {};
  }
  for (const auto& [name, member] : given.members()) {
    const auto part =
        std::find_if(type.parts.begin(), type.parts.end(),
                     [&, &name = name](const auto& field) { return field.name == name; });
    if (part == type.parts.end()) return unknown_member(type, path, name);
    Json inner = into[name];
    Status status = merge(*part->type, inner, member, member_path(path, name));
    if (!status.ok()) return status;
    into.set(name, std::move(inner));
  }
  return {};
}

}  // namespace

Result<std::string> value_from_json(std::string_view schema, const Json& json) {
  const auto parsed = Schema::parse(schema);
  if (!parsed.ok()) return parsed.status();
  JsonEncoder encoder;
  Status status = encoder.encode(parsed->root(), json, "");
  if (!status.ok()) return status;
  return value_header(schema) + encoder.take();
}

namespace {

std::string utc_text(base::WallTime at) {
  SchemaNode micros;
  micros.kind = SchemaKind::kTime;
  micros.period_den = 1'000'000;
  return time_text(at.time_since_epoch().count(), micros);
}

// Counts of the period since the Unix epoch, the rest cut off.
std::int64_t count_until(base::WallTime at, const SchemaNode& type) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  const std::int64_t seconds = whole.time_since_epoch().count();
  const std::int64_t micros = (at - whole).count();
  const auto below = [](std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
  };
  if (type.period_den == 1) return below(seconds, type.period_num);
  constexpr std::int64_t kMicros = 1'000'000;
  // A unit below a second, and a nanosecond at least: a count of years fits.
  return below(seconds * type.period_den + micros * type.period_den / kMicros, type.period_num);
}

}  // namespace

Result<Json> time_for_member(std::string_view schema, std::string_view member, base::WallTime at,
                             std::string_view day) {
  const auto parsed = Schema::parse(schema);
  if (!parsed.ok()) return parsed.status();
  const SchemaNode& root = parsed->root();
  const auto part = std::find_if(root.parts.begin(), root.parts.end(),
                                 [&](const auto& field) { return field.name == member; });
  if (root.kind != SchemaKind::kStruct || part == root.parts.end()) {
    return unknown_member(root, "", std::string(member));
  }
  const SchemaNode* type = part->type;
  if (type->kind == SchemaKind::kOptional) type = type->parts.front().type;
  if (type->kind == SchemaKind::kDate) return Json(std::string(day));
  if (type->kind == SchemaKind::kString) return Json(utc_text(at));
  const bool whole = type->number.letter == 'i' && type->number.bytes == 8;
  constexpr std::int64_t kPeriodMax = 1'000'000'000;
  if (type->kind == SchemaKind::kTime && whole && type->period_den <= kPeriodMax) {
    const std::int64_t count = count_until(at, *type);
    std::string text = time_text(count, *type);
    return text.empty() ? Json(count) : Json(std::move(text));
  }
  return bad(std::string(member),
             "cannot take the time of a run: give it to a std::chrono::sys_time, a "
             "year_month_day or a string");
}

Result<Json> merge_params(std::string_view schema, const Json& defaults, const Json& given) {
  const auto parsed = Schema::parse(schema);
  if (!parsed.ok()) return parsed.status();
  Json merged = defaults;
  Status status = merge(parsed->root(), merged, given, "");
  if (!status.ok()) return status;
  JsonEncoder encoder;
  status = encoder.encode(parsed->root(), merged, "");
  if (!status.ok()) return status;
  return merged;
}

}  // namespace weir::value
