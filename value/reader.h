// Takes the payload of an encoded value apart under the guidance of its schema. Never reads past
// the end: the first thing that does not fit makes the reader failed, and from then on it gives
// zeros. Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "value/schema.h"

namespace weir::value {

class ValueReader {
 public:
  explicit ValueReader(std::string_view in) : in_(in) {}

  bool ok() const { return problem_ == nullptr; }
  const char* problem() const { return problem_; }  // nullptr while everything fitted
  std::string_view left() const { return in_; }
  void fail(const char* problem) {
    if (problem_ == nullptr) problem_ = problem;
    in_ = {};
  }

  std::string_view take(std::uint64_t size);
  std::uint64_t varint();
  // The number of elements that follow; every element takes at least one byte.
  std::uint64_t count();
  std::string_view text() { return take(count()); }
  std::uint8_t byte();
  template <class Number>
  Number number() {
    Number value{};
    const std::string_view from = take(sizeof value);
    if (from.size() == sizeof value) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }

  // Passes over one value of that type.
  void skip(const SchemaNode& type);

  // One level deeper; false, and the reader failed, past kValueNestingMax.
  bool enter() {
    if (++depth_ > kValueNestingMax) fail("the value is nested too deeply");
    return ok();
  }
  void leave() { --depth_; }

 private:
  void skip_parts(const SchemaNode& type, std::uint64_t times);

  std::string_view in_;
  const char* problem_ = nullptr;
  int depth_ = 0;
};

// Appends `value` as LEB128.
void append_varint(std::string& out, std::uint64_t value);

}  // namespace weir::value
