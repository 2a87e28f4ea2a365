// Network addresses as people write them: "127.0.0.1:7601", "[::1]:0", "localhost:7600". Used by
// whoever listens or connects. Pure functions but for probe_bind(), which opens a socket for a
// moment; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weir::base {

struct Address {
  std::string host;  // without brackets; "localhost" becomes 127.0.0.1
  std::uint16_t port = 0;

  // "host:port", with brackets around an IPv6 host.
  std::string text() const;
  // An address of this machine that no other machine can reach.
  bool loopback() const;
  friend bool operator==(const Address&, const Address&) = default;
};

// INVALID_ARGUMENT with what is wrong when `text` is not HOST:PORT.
Result<Address> parse_address(std::string_view text);

// FAILED_PRECONDITION kErrNotLoopback unless the address is a loopback one. `option` names what set
// it: "--grpc".
Status require_loopback(const Address& address, std::string_view option);

// Whether a server could listen there: ALREADY_EXISTS kErrPortInUse naming the address and what to
// do when another process does. Port 0 is always free.
Status probe_bind(const Address& address, std::string_view option);

}  // namespace weir::base
