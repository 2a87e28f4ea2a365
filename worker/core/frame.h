// Length-prefixed frames: four bytes of length, little-endian, then the
// payload. Pure: bytes in, frames out; the sockets are elsewhere. One
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::worker {

inline constexpr std::size_t kFrameHeaderBytes = 4;
inline constexpr std::size_t kFrameBytesMax = 64u << 20;
inline constexpr std::size_t kExecutorFrameBytesMax = 32u << 20;  // from one: a manifest has 16 MiB

// Where the payload begins in `out`, after room for its header. Append the payload, then call
// end_frame().
std::size_t begin_frame(std::string& out);
void end_frame(std::string& out, std::size_t payload_at);

// Cuts a byte stream into frames. After broken() nothing more comes out: the peer speaks something
// else.
class FrameReader {
 public:
  explicit FrameReader(std::size_t frame_bytes_max = kFrameBytesMax);
  void append(std::string_view bytes);
  // The next whole payload, valid until the next call of append() or next().
  std::optional<std::string_view> next();
  bool broken() const { return broken_; }
  // Bytes of an unfinished frame.
  std::size_t pending() const { return buffer_.size() - read_; }

 private:
  std::size_t frame_bytes_max_;
  std::string buffer_;
  std::size_t read_ = 0;  // bytes of buffer_ already handed out
  bool broken_ = false;
};

}  // namespace weir::worker
