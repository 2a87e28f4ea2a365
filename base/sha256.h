// SHA-256 (FIPS 180-4), own implementation because modules link nothing but the standard library.
// Uses the x86 SHA extensions when the processor has them. Digest is a value; Sha256 is a
// single-threaded accumulator.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::base {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  explicit operator bool() const { return *this != Digest{}; }
  std::string hex() const;  // 64 lower-case characters
  static std::optional<Digest> parse(std::string_view hex);
  static std::optional<Digest> from_bytes(std::string_view raw);  // exactly 32 bytes
  std::string_view raw() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  auto operator<=>(const Digest&) const = default;
};

class Sha256 {
 public:
  Sha256();
  void update(std::string_view data);
  // Pads and returns the digest; the accumulator must not be used afterwards.
  Digest finish();

 private:
  void compress(const std::uint8_t* blocks, std::size_t count);
  std::array<std::uint32_t, 8> state_;
  std::array<std::uint8_t, 64> buffer_{};
  std::size_t buffered_ = 0;  // bytes waiting in buffer_
  std::uint64_t total_ = 0;   // bytes seen
};

Digest sha256(std::string_view data);

// Where the bytes of that digest stand in a folder of blobs: FOLDER/sha256/ab/cdef…
std::string blob_path(std::string_view folder, const Digest& digest);

}  // namespace weir::base

template <>
struct std::hash<weir::base::Digest> {
  std::size_t operator()(const weir::base::Digest& digest) const noexcept {
    std::size_t value;
    std::memcpy(&value, digest.bytes.data(), sizeof value);
    return value;
  }
};
