// A client that does nothing by itself. Reads give up after ten seconds, so that a
// test against a server that never answers fails instead of hanging. The test's
// thread.
#include "tests/integration/rpc/raw_http.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/address.h"
#include "base/check.h"

namespace weir::test {

RawHttp::RawHttp(const std::string& address) {
  const auto parsed = base::parse_address(address);
  CHECK(parsed.ok());
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  CHECK(::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(parsed->port);
  CHECK(::inet_pton(AF_INET, parsed->host.c_str(), &to.sin_addr) == 1);
  CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
}

RawHttp::~RawHttp() { ::close(fd_); }

void RawHttp::send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;  // refused half-way: the answer says why
    sent += static_cast<std::size_t>(count);
  }
}

bool RawHttp::flood_until_reset(const std::string& bytes) {
  const timeval patience{60, 0};
  CHECK(::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
  std::string many;
  while (many.size() < 64u << 10) many += bytes;
  std::size_t sent = 0;  // of `many`: a request that is cut would be none
  for (;;) {
    const ssize_t count = ::send(fd_, many.data() + sent, many.size() - sent, MSG_NOSIGNAL);
    if (count < 0) return errno == ECONNRESET || errno == EPIPE;
    sent = (sent + static_cast<std::size_t>(count)) % many.size();
  }
}

bool RawHttp::read_more() {
  char chunk[16384];
  const ssize_t count = ::recv(fd_, chunk, sizeof chunk, 0);
  if (count <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(count));
  return true;
}

HttpAnswer RawHttp::receive(bool with_body) {
  HttpAnswer answer;
  std::size_t end = buffer_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!read_more()) return answer;
    end = buffer_.find("\r\n\r\n");
  }
  answer.headers = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  answer.status = std::atoi(answer.headers.substr(9, 3).c_str());
  std::string lower = answer.headers;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t length_at = lower.find("content-length: ");
  if (!with_body || length_at == std::string::npos) return answer;
  const auto length = static_cast<std::size_t>(std::atoll(lower.c_str() + length_at + 16));
  while (buffer_.size() < length && read_more()) continue;
  answer.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return answer;
}

bool RawHttp::closed() { return buffer_.empty() && !read_more(); }

HttpAnswer post(const std::string& address, const std::string& path, const std::string& body,
                const std::string& headers, const std::string& host) {
  RawHttp http(address);
  http.send("POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers +
            "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return http.receive();
}

HttpAnswer get(const std::string& address, const std::string& path, const std::string& host) {
  RawHttp http(address);
  http.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  return http.receive();
}

}  // namespace weir::test
