// Dispatch and answers of unary calls. Runs on threads of
// gRPC up to the hand-over; answers are given on the thread that has
// them, the loop's included, so nothing here may block.
#include "scheduler/rpc/call.h"

#include <string>

#include "base/errors.h"

namespace weir::rpc {
namespace {

grpc::ServerUnaryReactor* serve_on(WorkPool& pool, grpc::CallbackServerContext* context,
                                   std::function<base::Status()> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto answer = std::make_shared<Answer>(reactor);
  const base::Status queued =
      pool.submit([answer, work = std::move(work)] { answer->finish(work()); });
  if (!queued.ok()) answer->finish(queued);
  return reactor;
}

}  // namespace

grpc::Status to_grpc(const base::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.text());
}

Answer::~Answer() {
  finish(base::Status(base::Code::kUnavailable, base::kErrShuttingDown,
                      "the scheduler is shutting down; try again when it is back"));
}

void Answer::finish(const base::Status& status) {
  if (grpc::ServerUnaryReactor* reactor = std::exchange(reactor_, nullptr)) {
    reactor->Finish(to_grpc(status));
  }
}

grpc::ServerUnaryReactor* answer_now(grpc::CallbackServerContext* context,
                                     const base::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(to_grpc(status));
  return reactor;
}

grpc::ServerUnaryReactor* serve_read(Backend& backend, grpc::CallbackServerContext* context,
                                     std::function<base::Status()> work) {
  return serve_on(backend.reads, context, std::move(work));
}

grpc::ServerUnaryReactor* serve_transfer(Backend& backend, grpc::CallbackServerContext* context,
                                         std::function<base::Status()> work) {
  return serve_on(backend.transfers, context, std::move(work));
}

void post_command(Backend& backend, std::shared_ptr<Answer> answer, ports::CommandBody command,
                  OnSuccess on_success) {
  const auto on_reply = [answer, on_success = std::move(on_success)](const engine::Reply& reply) {
    answer->finish(reply.status.ok() ? on_success(reply) : reply.status);
  };
  const base::Status posted = backend.inbox.post(std::move(command), on_reply);
  if (!posted.ok()) answer->finish(posted);
}

grpc::ServerUnaryReactor* serve_command(Backend& backend, grpc::CallbackServerContext* context,
                                        ports::CommandBody command, OnSuccess on_success) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  post_command(backend, std::make_shared<Answer>(reactor), std::move(command),
               std::move(on_success));
  return reactor;
}

grpc::ServerUnaryReactor* serve_prepared(Backend& backend, grpc::CallbackServerContext* context,
                                         Prepare prepare, OnSuccess on_success) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto answer = std::make_shared<Answer>(reactor);
  const base::Status queued = backend.reads.submit([&backend, answer, prepare = std::move(prepare),
                                                    on_success = std::move(on_success)]() mutable {
    base::Result<ports::CommandBody> command = prepare();
    if (!command.ok()) return answer->finish(command.status());
    post_command(backend, answer, std::move(command).value(), std::move(on_success));
  });
  if (!queued.ok()) answer->finish(queued);
  return reactor;
}

base::Result<engine::RequestInfo> request_info(const std::string& key, const engine::Digest& hash) {
  if (key.size() > kIdempotencyKeyBytesMax) {
    return base::Status(base::Code::kInvalidArgument, base::kErrLimit,
                        "the idempotency key has " + std::to_string(key.size()) +
                            " bytes; at most " + std::to_string(kIdempotencyKeyBytesMax) +
                            " are taken");
  }
  engine::RequestInfo info;
  info.idempotency_key = key;
  info.hash = hash;
  return info;
}

}  // namespace weir::rpc
