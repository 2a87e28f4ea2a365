// One unary call of the Connect protocol, from the HTTP request's path and body to the answer's:
// finds the method by reflection, converts JSON by reflection, and calls the gRPC server within the
// process, so that there is no code per method. Who calls has been judged by then (door.h). Knows
// nothing of sockets. Safe from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace weir::http {

struct CallRequest {
  std::string path;              // "/weir.v1.RunService/ListRuns"
  std::string content_type;      // "application/json", parameters allowed
  std::string content_encoding;  // empty or "identity"
  std::string timeout_ms;        // Connect-Timeout-Ms, empty when there was none
  std::string protocol_version;  // Connect-Protocol-Version, the same
  std::string body;
};

struct CallAnswer {
  unsigned status = 200;  // HTTP
  std::string content_type = "application/json";
  std::string body;
};

class Gateway {
 public:
  using Done = std::function<void(CallAnswer)>;

  explicit Gateway(std::shared_ptr<grpc::Channel> channel);
  ~Gateway();  // as stop()

  // Calls `done` exactly once: at once on this thread, or later on a thread of gRPC.
  void call(CallRequest request, Done done);

  // Cancels the calls that are under way and returns when each has been answered. Idempotent.
  void stop();

  // Whether the path names a method of the API, of any kind.
  static bool is_method(const std::string& path);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weir::http
