// Buffered sending and receiving without blocking. MSG_NOSIGNAL
// everywhere: a dead peer is a return value, never a signal and never an
// exception.
#include "worker/executors/frame_socket.h"

#include <memory>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <google/protobuf/message_lite.h>

#include "base/check.h"

namespace weir::worker {

FrameSocket::FrameSocket(Fd fd, std::size_t frame_bytes_max)
    : fd_(std::move(fd)), reader_(frame_bytes_max) {
  CHECK(::fcntl(fd_.get(), F_SETFL, O_NONBLOCK) == 0);
}

bool FrameSocket::receive() {
  if (!fd_) return false;
  // One thread per process uses frame sockets, so one buffer serves them all.
  thread_local const std::unique_ptr<char[]> buffer = std::make_unique<char[]>(kReadBytes);
  for (;;) {
    const ssize_t n = ::recv(fd_.get(), buffer.get(), kReadBytes, 0);
    if (n > 0) {
      reader_.append(std::string_view(buffer.get(), std::size_t(n)));
      return true;
    }
    if (n < 0 && errno == EINTR) continue;
    reset_ = reset_ || (n < 0 && errno == ECONNRESET);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
}

int FrameSocket::available() const {
  int bytes = 0;
  return fd_ && ::ioctl(fd_.get(), FIONREAD, &bytes) == 0 ? bytes : 0;
}

void FrameSocket::queue(const google::protobuf::MessageLite& message) {
  const std::size_t payload_at = begin_frame(out_);
  CHECK(message.AppendPartialToString(&out_));
  end_frame(out_, payload_at);
}

bool FrameSocket::flush() {
  if (!fd_) return false;
  while (sent_ < out_.size()) {
    const ssize_t n = ::send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    sent_ += std::size_t(n);
  }
  out_.clear();
  sent_ = 0;
  return true;
}

}  // namespace weir::worker
