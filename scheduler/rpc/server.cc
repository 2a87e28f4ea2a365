// Building, starting and stopping the gRPC server. The order of stopping matters: streams are told
// first, then gRPC waits for every handler while the loop and the pools still answer, and only then
// the pools end.
#include "scheduler/rpc/server.h"

#include <chrono>
#include <fstream>
#include <optional>
#include <vector>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>

#include "base/address.h"
#include "base/check.h"
#include "base/errors.h"
#include "scheduler/rpc/backend.h"
#include "scheduler/rpc/door.h"
#include "scheduler/rpc/services/services.h"
#include "scheduler/rpc/session/local_session.h"

namespace weir::rpc {
namespace {

constexpr int kKeepaliveMs = 30'000;         // a silent connection is asked after this long
constexpr int kKeepaliveTimeoutMs = 10'000;  // and cut when it does not answer for this long
constexpr int kClientPingMs = 5'000;         // clients may ping this often

void set_limits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kAnswerBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kClientPingMs);
}

base::Status stopping() {
  return base::Status(base::Code::kUnavailable, base::kErrShuttingDown,
                      "the scheduler is shutting down; connect again when it is back");
}

}  // namespace

struct Server::State {
  explicit State(ServerOptions server_options)
      : options(std::move(server_options)), sessions(watchers) {}

  const ServerOptions options;
  Watchers watchers;
  Sessions sessions;
  const std::shared_ptr<LocalGate> gate = std::make_shared<LocalGate>();
  std::optional<Backend> backend;
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::Server> server;
};

Server::Server(ServerOptions options) : state_(std::make_unique<State>(std::move(options))) {}

Server::~Server() { stop(); }

ports::SessionSink& Server::session_sink() { return state_->sessions; }

base::Status Server::start(const Ports& ports) {
  CHECK_MSG(!state_->backend, "a server starts once");
  const base::Result<base::Address> parsed = base::parse_address(state_->options.address);
  if (!parsed.ok()) return parsed.status();
  base::Address address = *parsed;
  base::Status usable = base::require_loopback(address, "--grpc");
  if (usable.ok()) usable = base::probe_bind(address, "--grpc");
  if (!usable.ok()) return usable;

  Backend& backend =
      state_->backend.emplace(state_->options, ports, state_->sessions, state_->watchers);
  for (const auto make :
       {make_run_service, make_asset_service, make_module_service, make_worker_service,
        make_schedule_service, make_freshness_service, make_alert_service, make_simulation_service,
        make_event_service, make_log_service, make_system_service, make_worker_protocol_service}) {
    state_->services.push_back(make(backend));
  }
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  set_limits(builder);
  int port = 0;
  builder.AddListeningPort(address.text(), guarded_credentials(*ports.access), &port);
  for (const auto& service : state_->services) builder.RegisterService(service.get());
  state_->server = builder.BuildAndStart();
  if (!state_->server || port == 0) {
    return base::Status(
        base::Code::kUnavailable, base::kErrUnreachable,
        "cannot listen on " + address.text() + "; choose another address with --grpc");
  }
  address.port = static_cast<std::uint16_t>(port);
  state_->gate->open(backend);
  const std::lock_guard lock(backend.addresses_mutex);
  backend.addresses_value.grpc = address.text();
  return {};
}

std::string Server::address() const {
  return state_->backend ? state_->backend->addresses().grpc : std::string();
}

void Server::set_http_address(const std::string& address) {
  const std::lock_guard lock(state_->backend->addresses_mutex);
  state_->backend->addresses_value.http = address;
}

std::shared_ptr<grpc::Channel> Server::in_process_channel() {
  CHECK_MSG(state_->server != nullptr, "the server has not been started");
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
  return state_->server->InProcessChannel(arguments);
}

base::OpenLocalSession Server::local_sessions() {
  return [gate = state_->gate](const base::LocalSession::Handlers& handlers) {
    return open_local_session(gate, handlers);
  };
}

void Server::stop() {
  if (!state_->backend) return;
  if (state_->server) {
    state_->gate->shut(stopping());
    state_->watchers.close_all(stopping());
    state_->sessions.close_all_sessions(stopping());
    state_->server->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    state_->server.reset();
  }
  state_->backend->reads.stop();
  state_->backend->transfers.stop();
}

}  // namespace weir::rpc
