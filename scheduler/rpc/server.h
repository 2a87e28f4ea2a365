// The gRPC server: every service of weir.v1 and the worker protocol, health checking and
// reflection, on one loopback address. Made in two steps because the loop needs the session sink
// before the server can post to the loop: construct, give session_sink() to the loop, start().
// Handlers convert, post, and return; nothing here blocks a thread of gRPC or the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/local_session.h"
#include "scheduler/ports/blobs.h"
#include "scheduler/ports/inbox.h"
#include "scheduler/ports/logs.h"
#include "scheduler/ports/reader.h"
#include "scheduler/rpc/health_source.h"
#include "scheduler/rpc/limits.h"

namespace grpc {
class Channel;
}
namespace weir::access {
class Access;
class BrowserPasses;
}  // namespace weir::access

namespace weir::rpc {

struct ServerOptions {
  std::string address = "127.0.0.1:7601";  // port 0: any free one
  std::string version;                     // of Weir
  std::string data_dir;                    // absolute
  std::string artifact_dir;                // absolute; named to workers on this host
  std::string host_id;                     // see module::host_id()
  std::uint64_t store_generation = 0;
  std::int64_t cancel_grace_ms = 10'000;
  std::int64_t file_bytes_max = ports::kFileBytesMax;  // of one file of a module
  std::vector<std::string> alert_channels;             // that the operator has configured
  std::chrono::milliseconds reader_stall_max = kReaderStallMax;
  base::WallTime started_at{};
};

// All outlive the server.
struct Ports {
  ports::Inbox* inbox = nullptr;
  ports::Reader* reader = nullptr;
  ports::BlobStore* artifacts = nullptr;
  ports::BlobStore* modules = nullptr;
  ports::LogStore* logs = nullptr;
  HealthSource* health = nullptr;
  const access::Access* access = nullptr;     // who may call
  access::BrowserPasses* browsers = nullptr;  // for addresses that let one in
};

class Server {
 public:
  explicit Server(ServerOptions options);
  ~Server();  // as stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // For the loop. Before start() and after stop() its messages go nowhere.
  ports::SessionSink& session_sink();

  // Begins to serve. FAILED_PRECONDITION kErrNotLoopback, ALREADY_EXISTS kErrPortInUse.
  base::Status start(const Ports& ports);

  // The bound address, port included.
  std::string address() const;
  // For GetInfo: the gateway is bound later.
  void set_http_address(const std::string& address);

  // A channel to this server that no socket carries, for the HTTP gateway.
  std::shared_ptr<grpc::Channel> in_process_channel();

  // For a worker in this process. Its sessions are refused before start() and after stop(); it may
  // be called then, too, and after the server is gone.
  base::OpenLocalSession local_sessions();

  // Ends sessions and streams with UNAVAILABLE, waits for calls that are being answered (the loop
  // must still run), and returns when no handler is left. Idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::rpc
