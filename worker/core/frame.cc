// Frames in and out of byte buffers. The reader compacts its buffer only when
// everything before the cursor was handed out, so that a batch of small frames costs
// one copy.
#include "worker/core/frame.h"

#include "base/check.h"

namespace weir::worker {
namespace {

constexpr std::size_t kBufferKeptBytes = 256u
                                         << 10;  // a larger buffer is given back when it runs empty

std::uint32_t read_length(const char* at) {
  std::uint32_t length = 0;
  for (int i = 3; i >= 0; --i) length = (length << 8) | static_cast<unsigned char>(at[i]);
  return length;
}

}  // namespace

std::size_t begin_frame(std::string& out) {
  out.append(kFrameHeaderBytes, '\0');
  return out.size();
}

void end_frame(std::string& out, std::size_t payload_at) {
  CHECK(payload_at >= kFrameHeaderBytes && payload_at <= out.size());
  const std::size_t length = out.size() - payload_at;
  CHECK_MSG(length <= kFrameBytesMax, "a frame is larger than the limit");
  for (std::size_t i = 0; i < kFrameHeaderBytes; ++i) {
    out[payload_at - kFrameHeaderBytes + i] = static_cast<char>((length >> (8 * i)) & 0xff);
  }
}

FrameReader::FrameReader(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

void FrameReader::append(std::string_view bytes) {
  if (broken_) return;
  if (read_ > 0) {
    buffer_.erase(0, read_);
    read_ = 0;
    if (buffer_.empty() && buffer_.capacity() > kBufferKeptBytes) std::string().swap(buffer_);
  }
  buffer_.append(bytes);
}

std::optional<std::string_view> FrameReader::next() {
  if (broken_ || buffer_.size() - read_ < kFrameHeaderBytes) return std::nullopt;
  const std::size_t length = read_length(buffer_.data() + read_);
  if (length > frame_bytes_max_) {
    broken_ = true;
    return std::nullopt;
  }
  if (buffer_.size() - read_ - kFrameHeaderBytes < length) return std::nullopt;
  const std::string_view payload(buffer_.data() + read_ + kFrameHeaderBytes, length);
  read_ += kFrameHeaderBytes + length;
  return payload;
}

}  // namespace weir::worker
