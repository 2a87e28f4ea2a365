// A receiver of webhooks on a free port of the loopback device: keeps what came, answers what the
// test says, or nothing at all. One thread of its own takes one connection after the other; the
// rest may be called from any thread. Waits are for events, bounded by the test's own timeout.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::tests {

struct HttpRequest {
  std::string head;  // the first line and the headers
  std::string body;

  // Of a header as it was written; "" without.
  std::string header(const std::string& name) const {
    const std::string start = "\r\n" + name + ": ";
    const std::size_t at = head.find(start);
    if (at == std::string::npos) return {};
    const std::size_t from = at + start.size();
    return head.substr(from, head.find("\r\n", from) - from);
  }
  std::string path() const {
    const std::size_t from = head.find(' ') + 1;
    return head.substr(from, head.find(' ', from) - from);
  }
};

class LoopbackHttp {
 public:
  // What is sent back, `number` counting from 1; nothing: the connection is held and says nothing.
  using Answer = std::function<std::optional<std::string>(const HttpRequest&, std::size_t number)>;

  explicit LoopbackHttp(Answer answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    const bool listens = ::bind(listener_, plain, size) == 0 && ::listen(listener_, 64) == 0 &&
                         ::getsockname(listener_, plain, &size) == 0;
    if (!listens) throw std::runtime_error("no port on the loopback device");
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~LoopbackHttp() {
    ::eventfd_write(stop_, 1);
    thread_.join();
    for (const int held : held_) ::close(held);
    ::close(listener_);
    ::close(stop_);
  }
  LoopbackHttp(const LoopbackHttp&) = delete;
  LoopbackHttp& operator=(const LoopbackHttp&) = delete;

  std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int port() const { return port_; }

  static std::string reply(int number, const std::string& headers = "") {
    return "HTTP/1.1 " + std::to_string(number) + " Word\r\nContent-Length: 0\r\n" + headers +
           "Connection: close\r\n\r\n";
  }

  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // Blocks until so many have come.
  std::vector<HttpRequest> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return requests_.size() >= count; });
    return requests_;
  }

 private:
  bool readable(int fd) const {
    std::array<pollfd, 2> waits{pollfd{fd, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
    return ::poll(waits.data(), waits.size(), -1) > 0 && waits[1].revents == 0;
  }

  void serve() {
    while (readable(listener_)) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) continue;
      const std::optional<HttpRequest> request = read(connection);
      std::optional<std::string> text = request ? answered(*request) : std::string();
      if (!text) {
        held_.push_back(connection);
        continue;
      }
      for (std::string_view left = *text; !left.empty();) {
        const ssize_t sent = ::send(connection, left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;  // the other side has had enough
        left.remove_prefix(std::size_t(sent));
      }
      ::close(connection);
    }
  }

  std::optional<HttpRequest> read(int connection) const {
    HttpRequest request;
    std::string all;
    std::size_t end = std::string::npos, length = 0;
    while (end == std::string::npos || all.size() < end + 4 + length) {
      std::array<char, 4096> bytes;
      if (!readable(connection)) return std::nullopt;
      const ssize_t count = ::recv(connection, bytes.data(), bytes.size(), 0);
      if (count <= 0) return std::nullopt;
      all.append(bytes.data(), std::size_t(count));
      end = all.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      request.head = all.substr(0, end + 2);
      const std::string text = request.header("Content-Length");
      length = text.empty() ? 0 : std::stoul(text);
    }
    request.body = all.substr(end + 4);
    return request;
  }

  std::optional<std::string> answered(const HttpRequest& request) {
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      number = requests_.size();
    }
    came_.notify_all();
    return answer_(request, number);
  }

  const Answer answer_;
  int listener_ = -1, stop_ = -1, port_ = 0;
  std::vector<int> held_;  // of the thread alone while it runs
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::vector<HttpRequest> requests_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir::tests
