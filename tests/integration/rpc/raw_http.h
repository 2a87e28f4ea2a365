// HTTP as bytes over a socket, so that tests can send what no well-
// behaved client would. Blocking, one connection, the test's
// thread.
#pragma once

#include <cstdint>
#include <string>

namespace weir::test {

struct HttpAnswer {
  int status = 0;  // 0: the connection was closed without an answer
  std::string headers;
  std::string body;
};

class RawHttp {
 public:
  explicit RawHttp(const std::string& address);  // "127.0.0.1:7600"
  ~RawHttp();
  RawHttp(const RawHttp&) = delete;
  RawHttp& operator=(const RawHttp&) = delete;

  void send(const std::string& bytes);
  // Sends it again and again and reads nothing; whether the other side has reset the connection
  // before a minute passed in which it took nothing.
  bool flood_until_reset(const std::string& bytes);
  // One answer with its body, by Content-Length.
  HttpAnswer receive(bool with_body = true);
  // Whether the other side has closed the connection.
  bool closed();

 private:
  bool read_more();

  int fd_ = -1;
  std::string buffer_;
};

// One POST on a connection of its own. `headers` are whole lines that end in CRLF.
HttpAnswer post(const std::string& address, const std::string& path, const std::string& body,
                const std::string& headers = "Content-Type: application/json\r\n",
                const std::string& host = "localhost");
HttpAnswer get(const std::string& address, const std::string& path,
               const std::string& host = "localhost");

}  // namespace weir::test
