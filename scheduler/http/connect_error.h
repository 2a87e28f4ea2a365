// Errors as the Connect protocol says them over HTTP: a name for each code, an HTTP status for
// each name, and a JSON document. Pure functions, safe from any thread; knows nothing of sockets
// or gRPC.
#pragma once

#include <string>
#include <string_view>

namespace weir::http {

// By gRPC's number: "not_found" for 5; "unknown" for a number that does not exist.
std::string_view connect_code(int grpc_code);
// 404 for 5.
unsigned http_status(int grpc_code);
// {"code":"not_found","message":"…"}
std::string error_document(int grpc_code, std::string_view message);

}  // namespace weir::http
