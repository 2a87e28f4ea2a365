// The C++ side of reading what another version of a type has written: value/resolution.h rebuilds
// the payload, this tells it what a struct's initialisers are. Failures become exceptions here.
// Pure: no state outlives a call.
#include <map>
#include <vector>

#include "value/resolution.h"
#include "value/schema.h"
#include "weir/impl/codec/type_node.h"

namespace weir::impl {
namespace {

using StructTypes = std::map<const value::SchemaNode*, const TypeNode*>;

// Which type stands behind each struct of the schema. Recursive types end where one is met again.
void find_structs(const value::SchemaNode& node, const TypeNode& type, StructTypes& found) {
  if (type.is_struct && !found.emplace(&node, &type).second) return;
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    find_structs(*node.parts[i].type, type.parts[i].type(), found);
  }
}

}  // namespace

std::string_view payload_for(const TypeNode& reader, std::string_view reader_schema,
                             std::string_view encoded, std::string& rebuilt) {
  const auto parts = value::split_value(encoded);
  if (!parts.ok()) throw CodecError(parts.status().text());
  if (parts->schema == reader_schema) return parts->payload;
  const auto from = value::Schema::parse(parts->schema);
  if (!from.ok()) throw CodecError(from.status().text());
  const auto to = value::Schema::parse(reader_schema);
  if (!to.ok()) throw CodecError(to.status().text());
  StructTypes types;
  find_structs(to->root(), reader, types);
  auto resolved = value::resolve(*from, *to, parts->payload, [&](const value::SchemaNode& node) {
    return types.at(&node)->initial_fields();
  });
  if (!resolved.ok()) throw CodecError(resolved.status().text());
  rebuilt = *std::move(resolved);
  return rebuilt;
}

}  // namespace weir::impl
