// The unary calls: one line each over a template that adds token, deadline and retries.
// Reads are repeated because they are harmless, mutations because they carry a key.
// Thread-safe; blocks up to the deadline.
#include "sdk/client/api.h"

#include <random>

#include "base/text.h"
#include "sdk/client/api_impl.h"
#include "sdk/client/event_stream.h"

namespace weir::client {

namespace {

// Repeats a call over a broken connection: reads are harmless, mutations carry an idempotency key.
template <class Stub, class Request, class Response>
base::Result<Response> unary(Connection& connection, Stub& stub,
                             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Response*),
                             const Request& request) {
  const auto started = std::chrono::steady_clock::now();
  for (int tries = 1;; ++tries) {
    grpc::ClientContext context;
    connection.prepare(context);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (status.ok()) {
      connection.answered();
      return response;
    }
    if (!connection.try_again(status, tries, started)) return connection.convert(status);
  }
}

}  // namespace

std::string key_or_new(std::string_view given) {
  if (!given.empty()) return std::string(given);
  std::random_device device;
  std::string random;
  for (int word = 0; word < 4; ++word) {
    std::uint32_t bits = device();
    for (int byte = 0; byte < 4; ++byte, bits >>= 8) random += static_cast<char>(bits & 255);
  }
  return base::hex(random);
}

Api::Api(Target target, std::chrono::milliseconds deadline, int tries_max)
    : impl_(std::make_unique<Impl>(std::move(target), deadline, tries_max)) {}

Api::~Api() = default;

const Target& Api::target() const { return impl_->connection->target(); }

bool Api::wait_connected(std::chrono::milliseconds timeout) {
  return impl_->connection->wait_connected(timeout);
}

#define WEIR_UNARY(name, service, Method)                                               \
  base::Result<v1::Method##Response> Api::name(const v1::Method##Request& request) {    \
    return unary(*impl_->connection, *impl_->service,                                   \
                 &std::remove_reference_t<decltype(*impl_->service)>::Method, request); \
  }

WEIR_UNARY(create_run, runs, CreateRun)
WEIR_UNARY(plan_run, runs, PlanRun)
WEIR_UNARY(get_run, runs, GetRun)
WEIR_UNARY(list_runs, runs, ListRuns)
WEIR_UNARY(cancel_run, runs, CancelRun)
WEIR_UNARY(list_tasks, runs, ListTasks)
WEIR_UNARY(list_attempts, runs, ListAttempts)
WEIR_UNARY(list_assets, assets, ListAssets)
WEIR_UNARY(get_asset, assets, GetAsset)
WEIR_UNARY(list_materializations, assets, ListMaterializations)
WEIR_UNARY(get_lineage, assets, GetLineage)
WEIR_UNARY(observe_asset, assets, ObserveAsset)
WEIR_UNARY(find_missing_files, modules, FindMissingFiles)
WEIR_UNARY(register_modules, modules, RegisterModules)
WEIR_UNARY(list_modules, modules, ListModules)
WEIR_UNARY(list_jobs, modules, ListJobs)
WEIR_UNARY(list_schedules, schedules, ListSchedules)
WEIR_UNARY(get_schedule, schedules, GetSchedule)
WEIR_UNARY(create_schedule, schedules, CreateSchedule)
WEIR_UNARY(edit_schedule, schedules, EditSchedule)
WEIR_UNARY(delete_schedule, schedules, DeleteSchedule)
WEIR_UNARY(pause_schedules, schedules, PauseSchedules)
WEIR_UNARY(resume_schedules, schedules, ResumeSchedules)
WEIR_UNARY(trigger_schedule, schedules, TriggerSchedule)
WEIR_UNARY(preview_schedule, schedules, PreviewSchedule)
WEIR_UNARY(list_ticks, schedules, ListTicks)
WEIR_UNARY(list_upcoming, schedules, ListUpcoming)
WEIR_UNARY(list_freshness, freshness, ListFreshness)
WEIR_UNARY(get_freshness, freshness, GetFreshness)
WEIR_UNARY(set_freshness, freshness, SetFreshness)
WEIR_UNARY(unset_freshness, freshness, UnsetFreshness)
WEIR_UNARY(pause_freshness, freshness, PauseFreshness)
WEIR_UNARY(resume_freshness, freshness, ResumeFreshness)
WEIR_UNARY(list_alerts, alerts, ListAlerts)
WEIR_UNARY(get_alert, alerts, GetAlert)
WEIR_UNARY(list_alert_rules, alerts, ListAlertRules)
WEIR_UNARY(get_alert_rule, alerts, GetAlertRule)
WEIR_UNARY(create_alert_rule, alerts, CreateAlertRule)
WEIR_UNARY(edit_alert_rule, alerts, EditAlertRule)
WEIR_UNARY(delete_alert_rule, alerts, DeleteAlertRule)
WEIR_UNARY(test_alert_rule, alerts, TestAlertRule)
WEIR_UNARY(list_silences, alerts, ListSilences)
WEIR_UNARY(create_silence, alerts, CreateSilence)
WEIR_UNARY(delete_silence, alerts, DeleteSilence)
WEIR_UNARY(simulate, simulations, Simulate)
WEIR_UNARY(list_events, events, ListEvents)
WEIR_UNARY(list_logs, logs, ListLogs)
WEIR_UNARY(read_log, logs, ReadLog)
WEIR_UNARY(explain, system, Explain)
WEIR_UNARY(complete_name, system, CompleteName)
WEIR_UNARY(list_workers, workers, ListWorkers)
WEIR_UNARY(drain_worker, workers, DrainWorker)

#undef WEIR_UNARY

base::Result<v1::GetVersionResponse> Api::get_version() {
  return unary(*impl_->connection, *impl_->system, &v1::SystemService::Stub::GetVersion,
               v1::GetVersionRequest());
}

base::Result<v1::GetInfoResponse> Api::get_info() {
  return unary(*impl_->connection, *impl_->system, &v1::SystemService::Stub::GetInfo,
               v1::GetInfoRequest());
}

base::Result<v1::CreateBrowserAddressResponse> Api::create_browser_address() {
  return unary(*impl_->connection, *impl_->system, &v1::SystemService::Stub::CreateBrowserAddress,
               v1::CreateBrowserAddressRequest());
}

base::Result<v1::GetHealthResponse> Api::get_health() {
  return unary(*impl_->connection, *impl_->system, &v1::SystemService::Stub::GetHealth,
               v1::GetHealthRequest());
}

std::unique_ptr<EventStream> Api::watch_events(const v1::WatchEventsRequest& request) {
  return std::make_unique<EventStream>(impl_->connection, request);
}

}  // namespace weir::client
