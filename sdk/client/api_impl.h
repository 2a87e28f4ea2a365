// What an Api holds: the connection and one stub for each service. For api.cc and api_streams.cc
// only: it includes gRPC's generated services, which are slow to compile.
// Thread-safe, as stubs are.
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "sdk/client/api.h"
#include "sdk/client/connection.h"
#include "weir/v1/alert_service.grpc.pb.h"
#include "weir/v1/asset_service.grpc.pb.h"
#include "weir/v1/event_service.grpc.pb.h"
#include "weir/v1/freshness_service.grpc.pb.h"
#include "weir/v1/log_service.grpc.pb.h"
#include "weir/v1/module_service.grpc.pb.h"
#include "weir/v1/run_service.grpc.pb.h"
#include "weir/v1/schedule_service.grpc.pb.h"
#include "weir/v1/simulation_service.grpc.pb.h"
#include "weir/v1/system_service.grpc.pb.h"
#include "weir/v1/worker_service.grpc.pb.h"

namespace weir::client {

struct Api::Impl {
  Impl(Target target, std::chrono::milliseconds deadline, int tries_max)
      : connection(std::make_shared<Connection>(std::move(target), deadline, tries_max)) {}

  std::shared_ptr<Connection> connection;
  std::unique_ptr<v1::RunService::Stub> runs = v1::RunService::NewStub(connection->channel());
  std::unique_ptr<v1::AssetService::Stub> assets = v1::AssetService::NewStub(connection->channel());
  std::unique_ptr<v1::ModuleService::Stub> modules =
      v1::ModuleService::NewStub(connection->channel());
  std::unique_ptr<v1::ScheduleService::Stub> schedules =
      v1::ScheduleService::NewStub(connection->channel());
  std::unique_ptr<v1::FreshnessService::Stub> freshness =
      v1::FreshnessService::NewStub(connection->channel());
  std::unique_ptr<v1::AlertService::Stub> alerts = v1::AlertService::NewStub(connection->channel());
  std::unique_ptr<v1::SimulationService::Stub> simulations =
      v1::SimulationService::NewStub(connection->channel());
  std::unique_ptr<v1::EventService::Stub> events = v1::EventService::NewStub(connection->channel());
  std::unique_ptr<v1::LogService::Stub> logs = v1::LogService::NewStub(connection->channel());
  std::unique_ptr<v1::SystemService::Stub> system =
      v1::SystemService::NewStub(connection->channel());
  std::unique_ptr<v1::WorkerService::Stub> workers =
      v1::WorkerService::NewStub(connection->channel());
};

}  // namespace weir::client
