// The two ends of the binary form of a value. Writer appends; Reader takes what it is asked for and
// never reads past the end, whatever the bytes are: the first thing that does not fit makes it
// failed, and from then on it gives zeros. Integers and floating-point numbers are little-endian,
// counts are LEB128. Neither is thread-safe.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "../../values.h"

namespace weir::impl {

static_assert(std::endian::native == std::endian::little, "weir: values are stored little-endian");

inline constexpr int kNestingMax = 100;  // containers within containers, of one value

class Writer {
 public:
  void raw(const void* data, std::size_t size) {
    out_.append(static_cast<const char*>(data), size);
  }
  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void text(std::string_view value) {
    count(value.size());
    out_.append(value);
  }
  void count(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  // One container inside another. Throws CodecError past kNestingMax.
  void enter() {
    if (++depth_ > kNestingMax)
      throw CodecError("WEIR-E0601: a value is nested more than 100 levels deep");
  }
  void leave() { --depth_; }
  void reserve(std::size_t more) { out_.reserve(out_.size() + more); }
  std::string& bytes() { return out_; }

 private:
  std::string out_;
  int depth_ = 0;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  bool ok() const { return problem_ == nullptr; }
  // What did not fit, nullptr while everything did.
  const char* problem() const { return problem_; }
  std::size_t left() const { return in_.size(); }
  void fail(const char* problem) {
    if (problem_ == nullptr) problem_ = problem;
    in_ = {};
  }

  // The next `size` bytes; empty, and the reader failed, when there are not so many.
  std::string_view take(std::size_t size) {
    if (size > in_.size()) {
      fail("the value ends too early");
      return {};
    }
    const std::string_view taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }
  void raw(void* to, std::size_t size) {
    const std::string_view from = take(size);
    if (from.size() == size && size > 0) std::memcpy(to, from.data(), size);
  }
  std::uint8_t byte() {
    std::uint8_t value = 0;
    raw(&value, 1);
    return value;
  }
  std::uint64_t number() {
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
  // The number of elements that follow. Every element takes at least one byte, so more than there
  // are bytes is wrong.
  std::size_t count() {
    const std::uint64_t value = number();
    if (value > in_.size()) fail("there are fewer elements than announced");
    return ok() ? static_cast<std::size_t>(value) : 0;
  }
  std::string_view text() { return take(count()); }
  // Enters a container; false, and the reader failed, past kNestingMax.
  bool enter() {
    if (++depth_ > kNestingMax) fail("the value is nested too deeply");
    return ok();
  }
  void leave() { --depth_; }

 private:
  std::string_view in_;
  const char* problem_ = nullptr;
  int depth_ = 0;
};

}  // namespace weir::impl
