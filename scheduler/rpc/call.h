// The shape of every handler: admit, then either work on a pool or a command through the inbox,
// then one answer. For the .cc files of services and sessions only, because it brings gRPC's
// headers. Safe from any thread; never blocks.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include "scheduler/rpc/edge.h"

namespace weir::rpc {

grpc::Status to_grpc(const base::Status& status);

// Checks the method table and the token.
base::Status admit(const Edge& edge, const grpc::CallbackServerContext& context,
                   std::string_view method);

// The answer of one unary call: finished exactly once, with UNAVAILABLE if everybody who could have
// given it is gone. Any thread.
class Answer {
 public:
  explicit Answer(grpc::ServerUnaryReactor* reactor) : reactor_(reactor) {}
  ~Answer();
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void finish(const base::Status& status);

 private:
  grpc::ServerUnaryReactor* reactor_;  // null once finished
};

grpc::ServerUnaryReactor* answer_now(grpc::CallbackServerContext* context,
                                     const base::Status& status);

// Runs `work` (which fills the response) on a read thread.
grpc::ServerUnaryReactor* serve_read(Edge& edge, grpc::CallbackServerContext* context,
                                     std::string_view method, std::function<base::Status()> work);

// The same on a transfer thread, for work that writes files.
grpc::ServerUnaryReactor* serve_transfer(Edge& edge, grpc::CallbackServerContext* context,
                                         std::string_view method,
                                         std::function<base::Status()> work);

// Posts a command; `on_success` fills the response from the reply, on the loop thread, so it must
// be quick.
using OnSuccess = std::function<base::Status(const engine::Reply& reply)>;
void post_command(Edge& edge, std::shared_ptr<Answer> answer, ports::CommandBody command,
                  OnSuccess on_success);
grpc::ServerUnaryReactor* serve_command(Edge& edge, grpc::CallbackServerContext* context,
                                        std::string_view method, ports::CommandBody command,
                                        OnSuccess on_success);

// Runs `prepare` on a read thread, then posts the command that it makes.
using Prepare = std::function<base::Result<ports::CommandBody>()>;
grpc::ServerUnaryReactor* serve_prepared(Edge& edge, grpc::CallbackServerContext* context,
                                         std::string_view method, Prepare prepare,
                                         OnSuccess on_success);

// INVALID_ARGUMENT when the key is too long.
base::Result<engine::RequestInfo> request_info(const std::string& key, const engine::Digest& hash);

// A stream that is refused before it begins.
template <class Reactor>
class Refusal final : public Reactor {
 public:
  static Reactor* make(const base::Status& status) {
    auto* refusal = std::make_unique<Refusal>().release();  // owned by its OnDone
    refusal->Finish(to_grpc(status));
    return refusal;
  }
  void OnDone() override { const std::unique_ptr<Refusal> last(this); }
};

}  // namespace weir::rpc
