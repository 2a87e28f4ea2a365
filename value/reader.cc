// Walking over payloads. See the header for the promises.
// Bounds are checked in take() and nowhere else. Counts are checked against what is left before
// anything is allocated or looped over.
#include "value/reader.h"

namespace weir::value {

std::string_view ValueReader::take(std::uint64_t size) {
  if (size > in_.size()) {
    fail("the value ends too early");
    return {};
  }
  const std::string_view taken = in_.substr(0, size);
  in_.remove_prefix(size);
  return taken;
}

std::uint8_t ValueReader::byte() { return number<std::uint8_t>(); }

std::uint64_t ValueReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint8_t next = byte();
    if (shift == 63 && next > 1) break;
    value |= std::uint64_t{next & 0x7Fu} << shift;
    if ((next & 0x80) == 0) return value;
  }
  fail("a number is out of range");
  return 0;
}

std::uint64_t ValueReader::count() {
  const std::uint64_t value = varint();
  if (value > in_.size()) fail("there are fewer elements than announced");
  return ok() ? value : 0;
}

void ValueReader::skip_parts(const SchemaNode& type, std::uint64_t times) {
  if (!enter()) return;
  const bool fixed = type.parts.size() == 1 && type.parts[0].type->kind == SchemaKind::kNumber;
  if (fixed && times <= in_.size()) {
    take(times * static_cast<std::uint64_t>(type.parts[0].type->number.bytes));
  } else {
    for (std::uint64_t i = 0; i < times && ok(); ++i) {
      for (const auto& part : type.parts) skip(*part.type);
    }
  }
  leave();
}

void ValueReader::skip(const SchemaNode& type) {
  switch (type.kind) {
    case SchemaKind::kNumber:
    case SchemaKind::kEnum:
    case SchemaKind::kDuration:
    case SchemaKind::kTime:
      take(static_cast<std::uint64_t>(type.number.bytes));
      return;
    case SchemaKind::kDate:
      take(4);
      return;
    case SchemaKind::kString:
    case SchemaKind::kBytes:
    case SchemaKind::kJson:
    case SchemaKind::kCustom:
      text();
      return;
    case SchemaKind::kExternal:
      text();
      text();
      return;
    case SchemaKind::kFile:
    case SchemaKind::kTree:
      return fail("a file or a tree has no payload");
    case SchemaKind::kList:
    case SchemaKind::kMap:
    case SchemaKind::kSet:
      return skip_parts(type, count());
    case SchemaKind::kArray:
      if (type.length == 0) {
        byte();
        return;
      }
      return skip_parts(type, type.length);
    case SchemaKind::kOptional:
      return skip_parts(type, byte() == 0 ? 0 : 1);
    case SchemaKind::kTuple:
    case SchemaKind::kStruct:
      if (type.parts.empty()) {
        byte();
        return;
      }
      return skip_parts(type, 1);
    case SchemaKind::kOneOf: {
      const std::uint64_t index = varint();
      if (index >= type.parts.size()) return fail("a variant has no such alternative");
      if (!enter()) return;
      skip(*type.parts[index].type);
      leave();
      return;
    }
  }
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

}  // namespace weir::value
