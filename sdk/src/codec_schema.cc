// Schemas of C++ types as text, their fingerprints, and the head and tail of encoded values.
// The format itself is defined by value/schema.h; this is its C++ side.
// Thread-safe: no state outlives a call.
#include <algorithm>
#include <vector>

#include "base/errors.h"
#include "base/status.h"
#include "value/schema.h"
#include "weir/impl/codec/type_node.h"

namespace weir::impl {
namespace {

[[noreturn]] void refuse(int error, std::string message) {
  throw CodecError(base::Status(base::Code::kInvalidArgument, error, std::move(message)).text());
}

// `around` holds the structs that are being written, outermost first.
void append_schema(std::string& out, const TypeNode& type, std::vector<const TypeNode*>& around,
                   int depth) {
  if (depth > value::kSchemaNestingMax) {
    refuse(base::kErrCodec, "a type is nested more than 64 levels deep");
  }
  const auto open = std::find(around.rbegin(), around.rend(), &type);
  if (open != around.rend()) {
    out += "^" + std::to_string(open - around.rbegin());
    return;
  }
  if (type.is_struct) around.push_back(&type);
  out += type.open;
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    if (i > 0) out += ',';
    if (type.is_struct) out.append(type.parts[i].name) += ':';
    append_schema(out, type.parts[i].type(), around, depth + 1);
  }
  out += type.close;
  if (type.is_struct) around.pop_back();
}

}  // namespace

std::string schema_text(const TypeNode& type) {
  std::string out;
  std::vector<const TypeNode*> around;
  append_schema(out, type, around, 1);
  return out;
}

std::string custom_type_name(const std::string& schema) {
  std::string text = "custom<" + schema + ">";
  const auto parsed = value::Schema::parse(text);
  if (!parsed.ok() || parsed->root().kind != value::SchemaKind::kCustom) {
    refuse(base::kErrCodec,
           "a Codec has the schema '" + schema + "'; it must be made of letters, digits and _.:/-");
  }
  return text;
}

void begin_value(Writer& out, std::string_view schema) {
  const std::string header = value::value_header(schema);
  out.raw(header.data(), header.size());
}

void finish_value(const Reader& in, std::string_view schema) {
  if (in.ok() && in.left() == 0) return;
  const std::string what = in.ok() ? "some bytes are left over" : in.problem();
  refuse(base::kErrCodec, "bytes cannot be read as " + std::string(schema) + ": " + what);
}

}  // namespace weir::impl
