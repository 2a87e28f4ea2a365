// A worker's session over a stream of gRPC, with the deadline for its hello. Owns itself until
// OnDone; its methods come on gRPC's threads. Brings gRPC's headers: for grpc_session.cc and
// worker_protocol_service.cc only.
#pragma once

#include <memory>

#include <grpcpp/alarm.h>

#include "scheduler/rpc/call.h"
#include "scheduler/rpc/session/worker_session.h"

namespace weir::rpc {

using SessionReactor =
    grpc::ServerBidiReactor<worker::v1::SessionRequest, worker::v1::SessionResponse>;

class GrpcSession final : public SessionReactor, public SessionStream {
  struct Private {};  // keeps the constructor to start()

 public:
  // `context` lives until OnDone.
  static SessionReactor* start(Backend& backend, grpc::CallbackServerContext& context);
  GrpcSession(Private, Backend& backend, grpc::CallbackServerContext& context);

  // SessionStream
  void read() override;
  void write(worker::v1::SessionResponse&& frame) override;
  void finish(const base::Status& status) override;
  void cancel() override;

  // Reactor
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  grpc::CallbackServerContext& context_;
  const std::shared_ptr<WorkerSession> session_;
  worker::v1::SessionRequest incoming_;   // of the read that is under way
  worker::v1::SessionResponse outgoing_;  // of the write that is under way
  grpc::Alarm hello_alarm_;
  std::unique_ptr<GrpcSession> self_;  // until OnDone
};

}  // namespace weir::rpc
