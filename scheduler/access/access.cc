// The table of open methods and the check of the token. The doors ask for every call, whatever
// serves it: services of ours, gRPC's own for health and reflection, names that nobody serves.
// tests/integration/rpc/access_test.cc calls each method that the server lists.
#include "scheduler/access/access.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/errors.h"

namespace weir::access {
namespace {

constexpr std::array<std::string_view, 2> kOpenMethods = {
    "/grpc.health.v1.Health/Check",
    "/weir.v1.SystemService/GetVersion",
};

constexpr std::string_view kBearer = "Bearer ";

}  // namespace

std::span<const std::string_view> open_methods() { return kOpenMethods; }

bool open_to_all(std::string_view method) {
  return std::find(kOpenMethods.begin(), kOpenMethods.end(), method) != kOpenMethods.end();
}

bool equal_constant_time(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference |= static_cast<unsigned char>(left[i]) ^ static_cast<unsigned char>(right[i]);
  }
  // The barrier keeps the compiler from leaving the loop at the first difference.
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

Access::Access(std::string token, std::string token_file)
    : token_(std::move(token)), token_file_(std::move(token_file)) {
  CHECK_MSG(!token_.empty(), "an empty token would admit everybody");
}

bool Access::is_token(std::string_view text) const { return equal_constant_time(text, token_); }

base::Status Access::admit(std::string_view method, std::string_view authorization) const {
  if (open_to_all(method)) return {};
  if (authorization.starts_with(kBearer) && is_token(authorization.substr(kBearer.size()))) {
    return {};
  }
  const char* what = authorization.empty() ? " needs the scheduler's token"
                                           : " was called with a token that is not the scheduler's";
  return base::Status(base::Code::kUnauthenticated, base::kErrUnauthenticated,
                      std::string(method) + what + ", which is in " + token_file_ +
                          ": send it as 'authorization: Bearer TOKEN', or name the file with "
                          "--token-file");
}

}  // namespace weir::access
