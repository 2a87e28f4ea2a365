// WorkerService: the workers as people see them. Whether one is
// connected is the session registry's knowledge, the rest is the
// store's. Handlers hand over and return.
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/services/page.h"
#include "scheduler/rpc/services/services.h"
#include "weir/v1/worker_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Status;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

Status list_workers(Backend& backend, const v1::ListWorkersRequest& request,
                    v1::ListWorkersResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kSmallPageMax);
  if (!page.ok()) return page.status();
  return fill_rows(
      *page, response, response->mutable_workers(),
      [&](const ports::PageRequest& part) { return backend.reader.list_workers(part); },
      [&](const engine::WorkerRow& worker, v1::Worker* out) {
        const auto leases = backend.reader.count_leases(worker.id);
        if (!leases.ok()) return leases.status();
        to_proto(worker, backend.sessions.connected(worker.id), *leases, out);
        return Status();
      });
}

class WorkerServiceImpl final : public v1::WorkerService::CallbackService {
 public:
  explicit WorkerServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* ListWorkers(CallbackServerContext* context,
                                  const v1::ListWorkersRequest* request,
                                  v1::ListWorkersResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_workers(backend_, *request, response); });
  }

  ServerUnaryReactor* DrainWorker(CallbackServerContext* context,
                                  const v1::DrainWorkerRequest* request,
                                  v1::DrainWorkerResponse*) override {
    auto info = request_info(request->idempotency_key(), request_hash(*request));
    if (!info.ok()) return answer_now(context, info.status());
    engine::DrainWorker command;
    command.request = std::move(info).value();
    command.worker = request->worker();
    command.drain = !request->undo();
    return serve_command(backend_, context, std::move(command),
                         [](const engine::Reply&) { return Status(); });
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_worker_service(Backend& backend) {
  return std::make_unique<WorkerServiceImpl>(backend);
}

}  // namespace weir::rpc
