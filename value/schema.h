// The schema that every stored value carries: its text, parsed, and whether one schema can be read
// as another. The text is
//   bool char i8…i64 u8…u64 f32 f64 string bytes json date external file tree
//   enum<i32>  duration<i64,1/1000>  time<i64,1/1>  custom<name>
//   [T]  [T*N]  map<K,V>  set<K>  optional<T>  one_of<A,B>  tuple<A,B>  {name:T,…}  ^n
// where ^n is the n-th struct around it, counted from the inside. An encoded value is kValueMark,
// the schema with its length in front, and the payload. Parsing is safe on any bytes. Values only:
// no thread affinity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir::value {

using base::Result;
using base::Status;

inline constexpr std::string_view kValueMark{"wv1\0", 4};
inline constexpr std::size_t kSchemaBytesMax = 1 << 20;
inline constexpr int kSchemaNestingMax = 64;
inline constexpr std::size_t kSchemaFieldsMax = 4096;  // of one struct
inline constexpr int kValueNestingMax =
    200;  // while walking a payload; writers stop at 100 containers

enum class SchemaKind {
  kNumber,  // bool and char too
  kEnum,
  kDuration,
  kTime,  // since the Unix epoch
  kDate,
  kString,
  kBytes,
  kJson,
  kExternal,
  kFile,
  kTree,
  kCustom,
  kList,
  kArray,
  kMap,
  kSet,
  kOptional,
  kOneOf,
  kTuple,
  kStruct,
};

// How a number is stored: 'b'ool, 'c'har, 'i'nteger, 'u'nsigned, 'f'loating, and its width.
struct NumberFormat {
  char letter = 'i';
  int bytes = 0;
  friend bool operator==(const NumberFormat&, const NumberFormat&) = default;
};

struct SchemaNode {
  struct Part {
    std::string name;  // of a struct's field; else empty
    const SchemaNode* type = nullptr;
  };
  SchemaKind kind = SchemaKind::kNumber;
  NumberFormat number;          // of kNumber, kEnum, kDuration and kTime
  std::int64_t period_num = 1;  // of kDuration and kTime: seconds a count
  std::int64_t period_den = 1;
  std::uint64_t length = 0;  // of kArray
  std::string name;          // of kCustom
  std::vector<Part> parts;   // elements, key and value, alternatives, members, fields
};

// Owns the nodes; cheap to move. A struct that contains itself has a cycle of nodes.
class Schema {
 public:
  // INVALID_ARGUMENT with the column when the text is not a schema or exceeds a limit.
  static Result<Schema> parse(std::string_view text);
  const SchemaNode& root() const { return *nodes_.front(); }

 private:
  friend class SchemaParser;
  std::vector<std::unique_ptr<SchemaNode>> nodes_;
};

// Whether values of `writer` can be read as `reader`: fields are found by name, added and removed
// ones are fine, new alternatives may stand at the end of a one_of, everything else must be the
// same. FAILED_PRECONDITION (WEIR-E0602) with the path of the first difference.
Status schema_readable(const Schema& writer, const Schema& reader);
Status schema_readable(std::string_view writer, std::string_view reader);

// An encoded value, taken apart. The views point into the bytes.
struct ValueParts {
  std::string_view schema;
  std::string_view payload;
};
// DATA_LOSS (WEIR-E0601) when the bytes do not begin as an encoded value does.
Result<ValueParts> split_value(std::string_view encoded);
// What precedes the payload.
std::string value_header(std::string_view schema);

}  // namespace weir::value
