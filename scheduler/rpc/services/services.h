// The services of the API, made by their own files and owned by the server. Each converts, posts
// or reads, and returns; none of them keeps state of its own. Declared without gRPC's headers to
// keep compilation short.
#pragma once

#include <memory>

namespace grpc {
class Service;
}

namespace weir::rpc {

struct Backend;

std::unique_ptr<grpc::Service> make_run_service(Backend& backend);
std::unique_ptr<grpc::Service> make_asset_service(Backend& backend);
std::unique_ptr<grpc::Service> make_module_service(Backend& backend);
std::unique_ptr<grpc::Service> make_worker_service(Backend& backend);
std::unique_ptr<grpc::Service> make_schedule_service(Backend& backend);
std::unique_ptr<grpc::Service> make_freshness_service(Backend& backend);
std::unique_ptr<grpc::Service> make_alert_service(Backend& backend);
std::unique_ptr<grpc::Service> make_simulation_service(Backend& backend);
std::unique_ptr<grpc::Service> make_event_service(Backend& backend);
std::unique_ptr<grpc::Service> make_log_service(Backend& backend);
std::unique_ptr<grpc::Service> make_system_service(Backend& backend);
std::unique_ptr<grpc::Service> make_worker_protocol_service(Backend& backend);

}  // namespace weir::rpc
