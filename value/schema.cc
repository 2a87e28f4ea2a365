// Parsing of schemas and the head of encoded values.
// Schemas come from stored bytes and from other modules, so that parsing is bounded in length,
// depth and width. Pure: no state outlives a call.
#include "value/schema.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/errors.h"
#include "value/reader.h"

namespace weir::value {

using base::Code;
using base::Result;
using base::Status;

// Recursive descent over the grammar in the header, one method a production. The first problem ends
// it.
class SchemaParser {
 public:
  explicit SchemaParser(std::string_view text) : text_(text) {}

  Result<Schema> parse() {
    if (text_.size() > kSchemaBytesMax) return failure("a schema of more than 1 MiB");
    node();
    if (problem_ == nullptr && at_ < text_.size()) fail("text after the schema");
    if (problem_ != nullptr) return failure(problem_);
    return std::move(schema_);
  }

 private:
  Status failure(std::string_view what) const {
    return {
        Code::kInvalidArgument, base::kErrSchema,
        "a schema is malformed at column " + std::to_string(at_ + 1) + ": " + std::string(what)};
  }
  void fail(const char* problem) {
    if (problem_ == nullptr) problem_ = problem;
  }
  bool ok() const { return problem_ == nullptr; }
  bool accept(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token, const char* problem) {
    if (!accept(token)) fail(problem);
  }

  template <class Number>
  Number integer() {
    Number value{};
    const char* end = text_.data() + text_.size();
    const auto result = std::from_chars(text_.data() + at_, end, value);
    if (result.ec != std::errc{}) fail("a number is expected");
    at_ = static_cast<std::size_t>(result.ptr - text_.data());
    return value;
  }

  static bool identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80) != 0;
  }
  static bool custom_name(char c) {
    return identifier(c) || c == '.' || c == ':' || c == '/' || c == '-';
  }
  std::string word(bool (*belongs)(char)) {
    const std::size_t from = at_;
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    if (at_ == from) fail("a name is expected");
    return std::string(text_.substr(from, at_ - from));
  }

  NumberFormat number_format() {
    static constexpr std::array<std::pair<std::string_view, NumberFormat>, 12> kFormats{{
        {"bool", {'b', 1}},
        {"char", {'c', 1}},
        {"i8", {'i', 1}},
        {"i16", {'i', 2}},
        {"i32", {'i', 4}},
        {"i64", {'i', 8}},
        {"u8", {'u', 1}},
        {"u16", {'u', 2}},
        {"u32", {'u', 4}},
        {"u64", {'u', 8}},
        {"f32", {'f', 4}},
        {"f64", {'f', 8}},
    }};
    for (const auto& [name, format] : kFormats) {
      if (accept(name)) return format;
    }
    fail("a type is expected");
    return {};
  }

  bool simple_leaf(SchemaNode& to) {
    static constexpr std::array<std::pair<std::string_view, SchemaKind>, 7> kLeaves{{
        {"string", SchemaKind::kString},
        {"bytes", SchemaKind::kBytes},
        {"json", SchemaKind::kJson},
        {"date", SchemaKind::kDate},
        {"external", SchemaKind::kExternal},
        {"file", SchemaKind::kFile},
        {"tree", SchemaKind::kTree},
    }};
    for (const auto& [name, kind] : kLeaves) {
      if (!accept(name)) continue;
      to.kind = kind;
      return true;
    }
    return false;
  }

  bool bracketed_leaf(SchemaNode& to) {
    if (accept("enum<")) {
      to.kind = SchemaKind::kEnum;
      to.number = number_format();
    } else if (accept("custom<")) {
      to.kind = SchemaKind::kCustom;
      to.name = word(&custom_name);
    } else if (const bool duration = accept("duration<"); duration || accept("time<")) {
      to.kind = duration ? SchemaKind::kDuration : SchemaKind::kTime;
      to.number = number_format();
      expect(",", "a period is expected");
      to.period_num = integer<std::int64_t>();
      expect("/", "a period is expected");
      to.period_den = integer<std::int64_t>();
      if (to.period_num <= 0 || to.period_den <= 0) fail("a period is positive");
    } else {
      return false;
    }
    expect(">", "'>' is expected");
    return true;
  }

  void list_or_array(SchemaNode& to) {
    to.kind = SchemaKind::kList;
    to.parts.push_back({{}, node()});
    if (accept("*")) {
      to.kind = SchemaKind::kArray;
      to.length = integer<std::uint64_t>();
    }
    expect("]", "']' is expected");
  }

  bool composite(SchemaNode& to) {
    struct Form {
      std::string_view open;
      SchemaKind kind;
      std::size_t parts;  // 0: any number
    };
    static constexpr std::array<Form, 5> kForms{{
        {"map<", SchemaKind::kMap, 2},
        {"set<", SchemaKind::kSet, 1},
        {"optional<", SchemaKind::kOptional, 1},
        {"one_of<", SchemaKind::kOneOf, 0},
        {"tuple<", SchemaKind::kTuple, 0},
    }};
    for (const Form& form : kForms) {
      if (!accept(form.open)) continue;
      to.kind = form.kind;
      while (ok() && !accept(">")) {
        if (!to.parts.empty()) expect(",", "',' is expected");
        to.parts.push_back({{}, node()});
      }
      const bool counts = form.parts == 0 || form.parts == to.parts.size();
      if (!counts) fail("another number of types is expected");
      return true;
    }
    return false;
  }

  void fields(SchemaNode& to) {
    to.kind = SchemaKind::kStruct;
    around_.push_back(&to);
    while (ok() && !accept("}")) {
      if (!to.parts.empty()) expect(",", "',' is expected");
      std::string name = word(&identifier);
      for (const auto& part : to.parts) {
        if (part.name == name) fail("a field stands twice");
      }
      if (to.parts.size() == kSchemaFieldsMax) fail("a struct of more than 4096 fields");
      expect(":", "':' is expected");
      to.parts.push_back({std::move(name), node()});
    }
    around_.pop_back();
  }

  const SchemaNode* node() {
    if (!ok()) return nullptr;
    if (++depth_ > kSchemaNestingMax) fail("types are nested too deeply");
    const SchemaNode* made = ok() ? make_node() : nullptr;
    --depth_;
    return made;
  }

  const SchemaNode* make_node() {
    if (accept("^")) {
      const auto up = integer<std::size_t>();
      if (!ok() || up >= around_.size()) {
        fail("there are not so many structs around");
        return nullptr;
      }
      return around_[around_.size() - 1 - up];
    }
    schema_.nodes_.push_back(std::make_unique<SchemaNode>());
    SchemaNode& to = *schema_.nodes_.back();
    if (accept("[")) {
      list_or_array(to);
    } else if (accept("{")) {
      fields(to);
    } else if (!composite(to) && !bracketed_leaf(to) && !simple_leaf(to)) {
      to.kind = SchemaKind::kNumber;
      to.number = number_format();
    }
    return &to;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  const char* problem_ = nullptr;
  int depth_ = 0;
  std::vector<const SchemaNode*> around_;  // the structs that are open, outermost first
  Schema schema_;
};

Result<Schema> Schema::parse(std::string_view text) { return SchemaParser(text).parse(); }

Result<ValueParts> split_value(std::string_view encoded) {
  const auto bad = [](std::string_view why) {
    return Status(Code::kDataLoss, base::kErrCodec,
                  "the bytes are no encoded value: " + std::string(why));
  };
  if (!encoded.starts_with(kValueMark)) return bad("they do not begin with the mark of one");
  ValueReader in(encoded.substr(kValueMark.size()));
  ValueParts parts;
  parts.schema = in.text();
  if (!in.ok() || parts.schema.empty()) return bad("the schema is cut off");
  parts.payload = in.left();
  return parts;
}

std::string value_header(std::string_view schema) {
  std::string out(kValueMark);
  append_varint(out, schema.size());
  out += schema;
  return out;
}

}  // namespace weir::value
