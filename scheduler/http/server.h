// The HTTP port: the Connect gateway for browsers and curl, a start page, /healthz and /readyz. One
// thread of its own serves all connections without blocking; calls go through the gRPC server, so
// their limits are the same there and here.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "scheduler/http/limits.h"

namespace grpc {
class Channel;
}
namespace weir::access {
class Access;
class BrowserPasses;
}  // namespace weir::access

namespace weir::http {

struct ServerOptions {
  std::string address = "127.0.0.1:7600";     // port 0: any free one
  std::shared_ptr<grpc::Channel> channel;     // to the gRPC server
  const access::Access* access = nullptr;     // who may call; outlives the server
  access::BrowserPasses* browsers = nullptr;  // what lets browsers in; outlives it, too
  std::function<bool()> healthy;              // for /healthz; any thread; empty: always
  std::function<bool()> ready;                // for /readyz, the same
  // A reader that takes nothing of its answer for so long is cut off.
  std::chrono::milliseconds reader_stall_max = kReaderStallMax;
};

class Server {
 public:
  explicit Server(ServerOptions options);
  ~Server();  // as stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Begins to serve. FAILED_PRECONDITION kErrNotLoopback, ALREADY_EXISTS kErrPortInUse.
  base::Status start();

  // The bound address, port included; empty before start().
  std::string address() const;

  // Takes no further request, gives those under way a moment, closes all connections. Idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::http
