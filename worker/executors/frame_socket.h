// One end of a stream socket that carries length-prefixed protobuf messages, without blocking: what
// cannot be sent now waits in a buffer. The executor pool has one towards each executor. One
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "worker/core/frame.h"
#include "worker/supervisor/system.h"

namespace google::protobuf {
class MessageLite;
}

namespace weir::worker {

class FrameSocket {
 public:
  FrameSocket() = default;
  // Makes the descriptor non-blocking.
  explicit FrameSocket(Fd fd, std::size_t frame_bytes_max = kFrameBytesMax);

  int fd() const { return fd_.get(); }
  bool open() const { return bool(fd_); }
  void close() { fd_.reset(); }

  // Reads once, at most kReadBytes. False when the peer closed or failed; frames that came before
  // are still there.
  bool receive();
  // The next frame; valid until the next call of receive() or next().
  std::optional<std::string_view> next() { return reader_.next(); }
  bool broken() const { return reader_.broken(); }
  // The peer died with bytes from us that it had not read.
  bool reset() const { return reset_; }
  // Bytes that can be received without waiting.
  int available() const;

  // Appends a frame to what is to be sent.
  void queue(const google::protobuf::MessageLite& message);
  // Sends what it can. False when the peer is gone.
  bool flush();
  bool wants_write() const { return sent_ < out_.size(); }

 private:
  static constexpr std::size_t kReadBytes = 256u << 10;

  Fd fd_;
  FrameReader reader_;
  std::string out_;
  std::size_t sent_ = 0;  // bytes of out_ that are gone
  bool reset_ = false;
};

}  // namespace weir::worker
