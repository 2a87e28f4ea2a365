// Admission, dispatch and answers of unary calls. Runs on threads of
// gRPC up to the hand-over; answers are given on the thread that has
// them, the loop's included, so nothing here may block.
#include "scheduler/rpc/call.h"

#include <string>

#include "base/errors.h"

namespace weir::rpc {
namespace {

std::string_view header(const grpc::CallbackServerContext& context, const char* name) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(name);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

grpc::ServerUnaryReactor* serve_on(WorkPool& pool, Edge& edge, grpc::CallbackServerContext* context,
                                   std::string_view method, std::function<base::Status()> work) {
  const base::Status admitted = admit(edge, *context, method);
  if (!admitted.ok()) return answer_now(context, admitted);
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

base::Status admit(const Edge& edge, const grpc::CallbackServerContext& context,
                   std::string_view method) {
  return edge.access.admit(method, header(context, "authorization"));
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

grpc::ServerUnaryReactor* serve_read(Edge& edge, grpc::CallbackServerContext* context,
                                     std::string_view method, std::function<base::Status()> work) {
  return serve_on(edge.reads, edge, context, method, std::move(work));
}

grpc::ServerUnaryReactor* serve_transfer(Edge& edge, grpc::CallbackServerContext* context,
                                         std::string_view method,
                                         std::function<base::Status()> work) {
  return serve_on(edge.transfers, edge, context, method, std::move(work));
}

void post_command(Edge& edge, std::shared_ptr<Answer> answer, ports::CommandBody command,
                  OnSuccess on_success) {
  const auto on_reply = [answer, on_success = std::move(on_success)](const engine::Reply& reply) {
    answer->finish(reply.status.ok() ? on_success(reply) : reply.status);
  };
  const base::Status posted = edge.inbox.post(std::move(command), on_reply);
  if (!posted.ok()) answer->finish(posted);
}

grpc::ServerUnaryReactor* serve_command(Edge& edge, grpc::CallbackServerContext* context,
                                        std::string_view method, ports::CommandBody command,
                                        OnSuccess on_success) {
  const base::Status admitted = admit(edge, *context, method);
  if (!admitted.ok()) return answer_now(context, admitted);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  post_command(edge, std::make_shared<Answer>(reactor), std::move(command), std::move(on_success));
  return reactor;
}

grpc::ServerUnaryReactor* serve_prepared(Edge& edge, grpc::CallbackServerContext* context,
                                         std::string_view method, Prepare prepare,
                                         OnSuccess on_success) {
  const base::Status admitted = admit(edge, *context, method);
  if (!admitted.ok()) return answer_now(context, admitted);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto answer = std::make_shared<Answer>(reactor);
  const base::Status queued = edge.reads.submit(
      [&edge, answer, prepare = std::move(prepare), on_success = std::move(on_success)]() mutable {
        base::Result<ports::CommandBody> command = prepare();
        if (!command.ok()) return answer->finish(command.status());
        post_command(edge, answer, std::move(command).value(), std::move(on_success));
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
