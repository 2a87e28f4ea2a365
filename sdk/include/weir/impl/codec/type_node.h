// The description of a C++ value type at run time: enough to print its schema and to fill added
// fields when older bytes are read. One constant node for each type, linked by functions so that
// recursive types work. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.h"

namespace weir::impl {

struct TypeNode {
  struct Part {
    std::string_view name;  // of a struct's field; else empty
    const TypeNode& (*type)();
  };

  // The schema's text is open, the parts with commas between, close. A leaf has no parts.
  std::string open;
  std::string close;
  std::vector<Part> parts;
  bool is_struct = false;  // parts have names; inner parts may refer back to it
  // For a struct: one element for each field, the bytes of its initialiser.
  std::vector<std::string> (*initial_fields)() = nullptr;
};

inline TypeNode leaf(std::string text) { return {std::move(text), {}, {}, false, nullptr}; }

// The schema of a type as text; the grammar is in value/schema.h. Throws CodecError
// when a Codec<T>::schema() is not made of letters, digits and "_.:/-".
std::string schema_text(const TypeNode& type);
std::string custom_type_name(const std::string& schema);

// The payload of an encoded value in the reader's layout: the bytes themselves when the writer's
// schema is the same, else rebuilt into `rebuilt` by field name. Throws CodecError when the schemas
// cannot be reconciled.
std::string_view payload_for(const TypeNode& reader, std::string_view reader_schema,
                             std::string_view encoded, std::string& rebuilt);

// What precedes the payload: a mark of the format and the schema.
void begin_value(Writer& out, std::string_view schema);

// Throws CodecError when `in` failed or has bytes left over.
void finish_value(const Reader& in, std::string_view schema);

// How a type is written and read; complete for exactly the types that have a codec:
//   static TypeNode node();  static void encode(const T&, Writer&);  static void decode(Reader&,
//   T&);
template <class T>
struct Wire;

template <class T>
const TypeNode& type_node() {
  static const TypeNode node = Wire<T>::node();
  return node;
}

// Of parameters, from encoded values: JSON text, and the encoded defaults with the members of a
// JSON object replaced. from_json throws weir::Failure (permanent) on an unknown member or a value
// of another type, with the member's path.
std::string params_to_json(std::string_view encoded);
std::string params_from_json(std::string_view encoded_defaults, std::string_view json);

// Whether the bytes in memory are the encoded form, so that vectors are copied in one piece.
template <class T>
inline constexpr bool kPacked = false;

}  // namespace weir::impl
