// Whether values that one schema describes can be read as another.
// Structs are compared by field name, everything else by place; cycles end where a pair of nodes is
// seen again. Pure: no state outlives a call.
#include <algorithm>
#include <set>
#include <utility>

#include "base/errors.h"
#include "value/schema.h"

namespace weir::value {

using base::Code;
using base::Status;
namespace {

std::string number_text(NumberFormat number) {
  if (number.letter == 'b') return "bool";
  if (number.letter == 'c') return "char";
  return number.letter + std::to_string(number.bytes * 8);
}

std::string period_text(const SchemaNode& type) {
  return number_text(type.number) + "," + std::to_string(type.period_num) + "/" +
         std::to_string(type.period_den);
}

// A short name for messages; the parts of a composite are left out.
std::string outline(const SchemaNode& type) {
  switch (type.kind) {
    case SchemaKind::kNumber:
      return number_text(type.number);
    case SchemaKind::kEnum:
      return "enum<" + number_text(type.number) + ">";
    case SchemaKind::kDuration:
      return "duration<" + period_text(type) + ">";
    case SchemaKind::kTime:
      return "time<" + period_text(type) + ">";
    case SchemaKind::kDate:
      return "date";
    case SchemaKind::kString:
      return "string";
    case SchemaKind::kBytes:
      return "bytes";
    case SchemaKind::kJson:
      return "json";
    case SchemaKind::kExternal:
      return "external";
    case SchemaKind::kFile:
      return "file";
    case SchemaKind::kTree:
      return "tree";
    case SchemaKind::kCustom:
      return "custom<" + type.name + ">";
    case SchemaKind::kList:
      return "a list";
    case SchemaKind::kArray:
      return "an array of " + std::to_string(type.length);
    case SchemaKind::kMap:
      return "a map";
    case SchemaKind::kSet:
      return "a set";
    case SchemaKind::kOptional:
      return "an optional";
    case SchemaKind::kOneOf:
      return "one of " + std::to_string(type.parts.size());
    case SchemaKind::kTuple:
      return "a tuple of " + std::to_string(type.parts.size());
    case SchemaKind::kStruct:
      return "a struct";
  }
  return "";
}

class Comparison {
 public:
  // True when `from` can be read as `to`; else `difference` says where not.
  bool readable(const SchemaNode& from, const SchemaNode& to, const std::string& path) {
    if (!seen_.insert({&from, &to}).second) return true;  // being compared further out
    if (from.kind == SchemaKind::kStruct && to.kind == SchemaKind::kStruct) {
      return fields(from, to, path);
    }
    if (!same_here(from, to)) return differ(from, to, path);
    for (std::size_t i = 0; i < from.parts.size(); ++i) {
      if (!readable(*from.parts[i].type, *to.parts[i].type, path + step(from, i))) return false;
    }
    return true;
  }
  const std::string& difference() const { return difference_; }

 private:
  static std::string step(const SchemaNode& type, std::size_t index) {
    const bool numbered = type.kind == SchemaKind::kTuple || type.kind == SchemaKind::kOneOf;
    if (numbered) return "<" + std::to_string(index) + ">";
    return type.kind == SchemaKind::kOptional ? "" : "[]";
  }
  static bool same_here(const SchemaNode& from, const SchemaNode& to) {
    const bool more = to.kind == SchemaKind::kOneOf && from.parts.size() <= to.parts.size();
    return from.kind == to.kind && from.number == to.number && from.period_num == to.period_num &&
           from.period_den == to.period_den && from.length == to.length && from.name == to.name &&
           (more || from.parts.size() == to.parts.size());
  }
  bool differ(const SchemaNode& from, const SchemaNode& to, const std::string& path) {
    difference_ = (path.empty() ? "the value" : path) + " was " + outline(from) +
                  " when written and is " + outline(to) + " now";
    return false;
  }
  bool fields(const SchemaNode& from, const SchemaNode& to, const std::string& path) {
    for (const auto& field : to.parts) {
      const auto same = std::find_if(from.parts.begin(), from.parts.end(),
                                     [&](const auto& part) { return part.name == field.name; });
      if (same == from.parts.end()) continue;  // added: takes its initialiser
      const std::string inner = path.empty() ? field.name : path + "." + field.name;
      if (!readable(*same->type, *field.type, inner)) return false;
    }
    return true;
  }

  std::set<std::pair<const SchemaNode*, const SchemaNode*>> seen_;
  std::string difference_;
};

}  // namespace

Status schema_readable(const Schema& writer, const Schema& reader) {
  Comparison comparison;
  if (comparison.readable(writer.root(), reader.root(), "")) return {};
  return {Code::kFailedPrecondition, base::kErrSchema,
          "the value cannot be read as the type asked for: " + comparison.difference()};
}

Status schema_readable(std::string_view writer, std::string_view reader) {
  if (writer == reader) return {};
  const auto from = Schema::parse(writer);
  if (!from.ok()) return from.status();
  const auto to = Schema::parse(reader);
  if (!to.ok()) return to.status();
  return schema_readable(*from, *to);
}

}  // namespace weir::value
