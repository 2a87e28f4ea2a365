// Who may call what: the table of all methods by exact name, everything else refused, and the
// bearer token of the data directory. Immutable after construction, so safe from any thread.
// Knows nothing of gRPC: callers hand over the header's text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weir::rpc {

enum class AccessKind {
  kRead,    // open on loopback
  kMutate,  // needs the token
  kWorker,  // the worker protocol: needs the token
};

struct MethodAccess {
  std::string_view method;  // "/weir.v1.RunService/CreateRun"
  AccessKind kind;
};

// Every method that is served, sorted by name.
std::span<const MethodAccess> method_table();
std::optional<AccessKind> access_of(std::string_view method);

// Compares without telling by its timing where the first difference is.
bool equal_constant_time(std::string_view left, std::string_view right);

class Access {
 public:
  // `token_file` is only named in messages.
  Access(std::string token, std::string token_file);

  // `authorization` is the header's value, empty when there was none. UNAUTHENTICATED when the
  // method needs the token and it is not the right one; PERMISSION_DENIED for a method that is not
  // in the table.
  base::Status admit(std::string_view method, std::string_view authorization) const;

 private:
  std::string token_;
  std::string token_file_;
};

}  // namespace weir::rpc
