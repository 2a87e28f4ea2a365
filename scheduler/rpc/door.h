// The gRPC port's door: every call that comes over a socket is judged here by its method and its
// token, before anything that serves it hears of it, so that neither a new handler nor a service
// that gRPC brings can forget to ask. Calls within the process (the HTTP gateway's, which has a
// door of its own) do not come by. Safe from any thread.
#pragma once

#include <memory>

#include <grpcpp/security/server_credentials.h>

#include "scheduler/access/access.h"

namespace weir::rpc {

// For AddListeningPort. `access` outlives the server.
std::shared_ptr<grpc::ServerCredentials> guarded_credentials(const access::Access& access);

}  // namespace weir::rpc
