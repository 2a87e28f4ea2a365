// Parsing and judging HOST:PORT, and the probe that turns "address in use" into advice. Only
// numeric addresses and localhost are understood for listening: a name would need a resolver, and
// could change its mind.
#include "base/address.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"

namespace weir::base {
namespace {

Status bad_address(std::string_view text, std::string_view why) {
  return Status(Code::kInvalidArgument, kErrUsage,
                "'" + std::string(text) + "' is not an address: " + std::string(why) +
                    "; write HOST:PORT, as in 127.0.0.1:7601");
}

// Fills a socket address; 0 when the host is not a numeric address.
socklen_t socket_address(const Address& address, sockaddr_storage& out) {
  std::memset(&out, 0, sizeof out);
  auto* four = reinterpret_cast<sockaddr_in*>(&out);
  if (::inet_pton(AF_INET, address.host.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(address.port);
    return sizeof(sockaddr_in);
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&out);
  if (::inet_pton(AF_INET6, address.host.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(address.port);
    return sizeof(sockaddr_in6);
  }
  return 0;
}

}  // namespace

std::string Address::text() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Address::loopback() const {
  in_addr four{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return ::inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Result<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_address(text, "the port is missing");
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad_address(text, "an IPv6 host needs brackets");
  }
  if (host.empty()) return bad_address(text, "the host is missing");
  const std::string_view port = text.substr(colon + 1);
  Address address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size()) {
    return bad_address(text, "the port is not a number up to 65535");
  }
  address.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  return address;
}

Status require_loopback(const Address& address, std::string_view option) {
  if (address.loopback()) return {};
  return Status(Code::kFailedPrecondition, kErrNotLoopback,
                std::string(option) + " " + address.text() +
                    " is not a loopback address, and without TLS anyone on the network could read "
                    "and run everything; use 127.0.0.1 and reach it from elsewhere through "
                    "`ssh -L`");
}

Status probe_bind(const Address& address, std::string_view option) {
  if (address.port == 0) return {};
  sockaddr_storage storage;
  const socklen_t size = socket_address(address, storage);
  if (size == 0) return bad_address(address.text(), "the host is not a numeric address");
  const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};  // the server's own attempt will say why
  const int on = 1;
  // Without it the probe would only be stricter than the server: the bind below still decides.
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  const bool bound =
      ::bind(fd, reinterpret_cast<sockaddr*>(&storage), size) == 0 && ::listen(fd, 1) == 0;
  const int error = errno;
  ::close(fd);
  if (bound) return {};
  if (error != EADDRINUSE) {
    return Status(Code::kFailedPrecondition, kErrUnreachable,
                  "cannot listen on " + address.text() + ": " +
                      std::generic_category().message(error) + "; choose another with " +
                      std::string(option));
  }
  return Status(Code::kAlreadyExists, kErrPortInUse,
                "another process listens on " + address.text() +
                    "; stop it (`ss -ltnp` names it) or choose another port with " +
                    std::string(option) + " 127.0.0.1:0");
}

}  // namespace weir::base
