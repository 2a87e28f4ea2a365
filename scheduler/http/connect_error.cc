// The table of Connect's error codes with their HTTP statuses, as the protocol's specification
// has it. Numbers are gRPC's; what has no number there is "unknown" with status 500. Pure
// functions.
#include "scheduler/http/connect_error.h"

#include <array>

#include "base/json.h"

namespace weir::http {
namespace {

struct Row {
  std::string_view name;
  unsigned status;
};

constexpr std::array<Row, 17> kRows{{
    {"ok", 200},
    {"canceled", 499},
    {"unknown", 500},
    {"invalid_argument", 400},
    {"deadline_exceeded", 504},
    {"not_found", 404},
    {"already_exists", 409},
    {"permission_denied", 403},
    {"resource_exhausted", 429},
    {"failed_precondition", 400},
    {"aborted", 409},
    {"out_of_range", 400},
    {"unimplemented", 501},
    {"internal", 500},
    {"unavailable", 503},
    {"data_loss", 500},
    {"unauthenticated", 401},
}};
constexpr std::size_t kUnknown = 2;

const Row& row(int code) {
  const bool known = code >= 0 && static_cast<std::size_t>(code) < kRows.size();
  return kRows[known ? static_cast<std::size_t>(code) : kUnknown];
}

}  // namespace

std::string_view connect_code(int grpc_code) { return row(grpc_code).name; }

unsigned http_status(int grpc_code) { return row(grpc_code).status; }

std::string error_document(int grpc_code, std::string_view message) {
  std::string out = "{\"code\":\"" + std::string(connect_code(grpc_code)) + "\",\"message\":";
  base::append_quoted(out, message);
  return out + "}\n";
}

}  // namespace weir::http
