// Where a running scheduler says how to reach it, so that the command line and modules find it
// without being told: a small JSON file in the user's runtime directory and one in the data
// directory. The scheduler writes them, everybody else reads. Plain functions over files; safe from
// any thread, but one writer per file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir::base {

inline constexpr std::size_t kEndpointBytesMax = 64u << 10;
inline constexpr std::size_t kTokenBytesMax = 4096;

struct Endpoint {
  std::string grpc;        // "127.0.0.1:7601"
  std::string http;        // "127.0.0.1:7600"
  std::string token_file;  // absolute path, mode 0600
  std::string data_dir;    // absolute path
  std::int64_t pid = 0;    // of the scheduler

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// ~/.local/share/weir, by $HOME or the password database; "./weir-data" when there is neither.
std::string default_data_dir();

// The private directory of this user's runtime files: $XDG_RUNTIME_DIR/weir, else
// /run/user/UID/weir, else /tmp/weir-UID. Not created here.
std::string runtime_dir();

// The file in the runtime directory, and the one in a data directory.
std::string runtime_endpoint_file();
std::string data_endpoint_file(std::string_view data_dir);

// Writes both files, each atomically and readable by the owner only; the runtime file stays with a
// scheduler that was there first and lives. Paths in `endpoint` are made absolute. A runtime
// directory that cannot be used is not an error: the file in the data directory is what counts.
Status publish_endpoint(const Endpoint& endpoint);

// Removes those of the files that name `endpoint.pid`: a scheduler that replaced this one keeps its
// own.
void withdraw_endpoint(const Endpoint& endpoint);

// Writes a file of the runtime directory that only this user can read; its path.
Result<std::string> write_runtime_file(const std::string& name, std::string_view content);

// NOT_FOUND when there is no such file, INVALID_ARGUMENT when it is not an endpoint,
// PERMISSION_DENIED when it or its directory belongs to another user.
Result<Endpoint> read_endpoint(const std::string& path);

// The runtime file when the process that it names lives, else that of the default data directory,
// else a stale one of the two (so that an error can say what was expected). NOT_FOUND when there is
// none.
Result<Endpoint> find_endpoint();

// Whether all bytes are 0x20 to 0x7e: gRPC aborts the process over metadata that has others.
bool printable_ascii(std::string_view text);
// UNAUTHENTICATED when the token cannot be sent; `source` says where it comes from.
Status check_token(std::string_view token, const std::string& source);

// The first line of a token file. UNAUTHENTICATED with what to do when it cannot be read or holds
// what no token has.
Result<std::string> read_token(const std::string& path);

}  // namespace weir::base
