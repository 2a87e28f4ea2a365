// The shape of every handler: either work on a pool or a command through the inbox, then one
// answer. Who calls has been judged at the door (door.h). For the .cc files of services and
// sessions only, because it brings gRPC's headers. Safe from any thread; never blocks.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include "scheduler/rpc/backend.h"

namespace weir::rpc {

grpc::Status to_grpc(const base::Status& status);

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
grpc::ServerUnaryReactor* serve_read(Backend& backend, grpc::CallbackServerContext* context,
                                     std::function<base::Status()> work);

// The same on a transfer thread, for work that writes files.
grpc::ServerUnaryReactor* serve_transfer(Backend& backend, grpc::CallbackServerContext* context,
                                         std::function<base::Status()> work);

// Posts a command; `on_success` fills the response from the reply, on the loop thread, so it must
// be quick.
using OnSuccess = std::function<base::Status(const engine::Reply& reply)>;
void post_command(Backend& backend, std::shared_ptr<Answer> answer, ports::CommandBody command,
                  OnSuccess on_success);
grpc::ServerUnaryReactor* serve_command(Backend& backend, grpc::CallbackServerContext* context,
                                        ports::CommandBody command, OnSuccess on_success);

// Runs `prepare` on a read thread, then posts the command that it makes.
using Prepare = std::function<base::Result<ports::CommandBody>()>;
grpc::ServerUnaryReactor* serve_prepared(Backend& backend, grpc::CallbackServerContext* context,
                                         Prepare prepare, OnSuccess on_success);

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
