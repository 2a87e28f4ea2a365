// The services of the API, made by their own files and owned by the server. Each converts, posts
// or reads, and returns; none of them keeps state of its own. Declared without gRPC's headers to
// keep compilation short.
#pragma once

#include <memory>

namespace grpc {
class Service;
}

namespace weir::rpc {

struct Edge;

std::unique_ptr<grpc::Service> make_run_service(Edge& edge);
std::unique_ptr<grpc::Service> make_asset_service(Edge& edge);
std::unique_ptr<grpc::Service> make_module_service(Edge& edge);
std::unique_ptr<grpc::Service> make_worker_service(Edge& edge);
std::unique_ptr<grpc::Service> make_event_service(Edge& edge);
std::unique_ptr<grpc::Service> make_log_service(Edge& edge);
std::unique_ptr<grpc::Service> make_system_service(Edge& edge);
std::unique_ptr<grpc::Service> make_worker_protocol_service(Edge& edge);

}  // namespace weir::rpc
