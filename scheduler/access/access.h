// Who may call what: a short table of methods that are open to everybody on this machine, and the
// bearer token of the data directory for all others, so that a new method is closed until somebody
// opens it here. Immutable after construction, so safe from any thread. Knows neither gRPC nor
// HTTP: the doors of both hand over the texts that came with a call.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weir::access {

// The methods that need nothing: "/weir.v1.SystemService/GetVersion" and whether anybody is there.
std::span<const std::string_view> open_methods();
bool open_to_all(std::string_view method);

// Compares without telling by its timing where the first difference is.
bool equal_constant_time(std::string_view left, std::string_view right);

class Access {
 public:
  // `token_file` is only named in messages.
  Access(std::string token, std::string token_file);

  // `authorization` is the header's value, empty when there was none. UNAUTHENTICATED when the
  // method needs the token and it is not the right one.
  base::Status admit(std::string_view method, std::string_view authorization) const;
  bool is_token(std::string_view text) const;

 private:
  std::string token_;
  std::string token_file_;
};

}  // namespace weir::access
