// Finding the scheduler and its token: what was asked for, the environment, or the files that a
// running scheduler writes (base/endpoint.h). Nothing is contacted.
// Any thread; reads files and the environment.
#pragma once

#include <string>

#include "base/status.h"

namespace weir::client {

struct Target {
  std::string grpc;           // "127.0.0.1:7601"
  std::string token;          // empty: nothing but the version can be asked
  std::string token_file;     // where it was looked for; empty when no file is known
  std::string token_problem;  // why there is none, said once the scheduler asks for it
  std::string source;         // of the address, for messages: "--scheduler", a file's path, …
};

// `scheduler`: "host:port", a data directory, or empty for $WEIR_SCHEDULER and then the running
// one. `token_file`: empty for $WEIR_TOKEN_FILE and then the one that the endpoint file names for
// this address; a token that cannot be read is a problem only for those calls that need it.
// UNAVAILABLE when there is no scheduler to be found, with how to start one.
base::Result<Target> discover(const std::string& scheduler, const std::string& token_file);

// The advice that every "cannot reach" ends with.
std::string how_to_start();

}  // namespace weir::client
