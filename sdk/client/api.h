// Every call of the public API as a function from request message to Result: adds the token, a
// deadline and bounded retries of what is safe to repeat, and turns gRPC's statuses into ours.
// Internal to weir_client and the command line. Thread-safe. gRPC's headers stay in the .cc file.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sdk/client/discovery.h"
#include "weir/v1/alert_service.pb.h"
#include "weir/v1/asset_service.pb.h"
#include "weir/v1/event_service.pb.h"
#include "weir/v1/freshness_service.pb.h"
#include "weir/v1/log_service.pb.h"
#include "weir/v1/module_service.pb.h"
#include "weir/v1/run_service.pb.h"
#include "weir/v1/schedule_service.pb.h"
#include "weir/v1/simulation_service.pb.h"
#include "weir/v1/system_service.pb.h"
#include "weir/v1/worker_service.pb.h"

namespace weir::client {

inline constexpr std::size_t kUploadChunkBytes = 1u << 20;
inline constexpr int kMessageBytesMax = 64 << 20;  // of one answer
inline constexpr int kCallTriesMax = 8;            // of one call, while the scheduler restarts

// The idempotency key that a caller gives, or a new one: 128 random bits in hexadecimal.
std::string key_or_new(std::string_view given);

class EventStream;

class Api {
 public:
  // `tries_max`: of one call over a broken connection; 1 for callers that come back by themselves.
  Api(Target target, std::chrono::milliseconds deadline, int tries_max = kCallTriesMax);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  const Target& target() const;

  // Whether there is a connection, or comes within the timeout; see Connection.
  bool wait_connected(std::chrono::milliseconds timeout);

  template <class Response>
  using Answer = base::Result<Response>;

  Answer<v1::CreateRunResponse> create_run(const v1::CreateRunRequest& request);
  Answer<v1::PlanRunResponse> plan_run(const v1::PlanRunRequest& request);
  Answer<v1::GetRunResponse> get_run(const v1::GetRunRequest& request);
  Answer<v1::ListRunsResponse> list_runs(const v1::ListRunsRequest& request);
  Answer<v1::CancelRunResponse> cancel_run(const v1::CancelRunRequest& request);
  Answer<v1::ListTasksResponse> list_tasks(const v1::ListTasksRequest& request);
  Answer<v1::ListAttemptsResponse> list_attempts(const v1::ListAttemptsRequest& request);

  Answer<v1::ListAssetsResponse> list_assets(const v1::ListAssetsRequest& request);
  Answer<v1::GetAssetResponse> get_asset(const v1::GetAssetRequest& request);
  Answer<v1::ListMaterializationsResponse> list_materializations(
      const v1::ListMaterializationsRequest& request);
  Answer<v1::GetLineageResponse> get_lineage(const v1::GetLineageRequest& request);
  Answer<v1::ObserveAssetResponse> observe_asset(const v1::ObserveAssetRequest& request);
  // Hands each message to `take` until the end or until `take` fails.
  base::Status read_value(const v1::ReadValueRequest& request,
                          const std::function<base::Status(const v1::ReadValueResponse&)>& take);

  Answer<v1::FindMissingFilesResponse> find_missing_files(
      const v1::FindMissingFilesRequest& request);
  // Streams the file's bytes; `progress` is told how many have been handed over.
  base::Status upload_file(const std::string& path, const std::string& digest, std::int64_t size,
                           const std::function<void(std::int64_t)>& progress);
  Answer<v1::RegisterModulesResponse> register_modules(const v1::RegisterModulesRequest& request);
  Answer<v1::ListModulesResponse> list_modules(const v1::ListModulesRequest& request);
  Answer<v1::ListJobsResponse> list_jobs(const v1::ListJobsRequest& request);

  Answer<v1::ListSchedulesResponse> list_schedules(const v1::ListSchedulesRequest& request);
  Answer<v1::GetScheduleResponse> get_schedule(const v1::GetScheduleRequest& request);
  Answer<v1::CreateScheduleResponse> create_schedule(const v1::CreateScheduleRequest& request);
  Answer<v1::EditScheduleResponse> edit_schedule(const v1::EditScheduleRequest& request);
  Answer<v1::DeleteScheduleResponse> delete_schedule(const v1::DeleteScheduleRequest& request);
  Answer<v1::PauseSchedulesResponse> pause_schedules(const v1::PauseSchedulesRequest& request);
  Answer<v1::ResumeSchedulesResponse> resume_schedules(const v1::ResumeSchedulesRequest& request);
  Answer<v1::TriggerScheduleResponse> trigger_schedule(const v1::TriggerScheduleRequest& request);
  Answer<v1::PreviewScheduleResponse> preview_schedule(const v1::PreviewScheduleRequest& request);
  Answer<v1::ListTicksResponse> list_ticks(const v1::ListTicksRequest& request);
  Answer<v1::ListUpcomingResponse> list_upcoming(const v1::ListUpcomingRequest& request);

  Answer<v1::ListFreshnessResponse> list_freshness(const v1::ListFreshnessRequest& request);
  Answer<v1::GetFreshnessResponse> get_freshness(const v1::GetFreshnessRequest& request);
  Answer<v1::SetFreshnessResponse> set_freshness(const v1::SetFreshnessRequest& request);
  Answer<v1::UnsetFreshnessResponse> unset_freshness(const v1::UnsetFreshnessRequest& request);
  Answer<v1::PauseFreshnessResponse> pause_freshness(const v1::PauseFreshnessRequest& request);
  Answer<v1::ResumeFreshnessResponse> resume_freshness(const v1::ResumeFreshnessRequest& request);
  Answer<v1::ListAlertsResponse> list_alerts(const v1::ListAlertsRequest& request);
  Answer<v1::GetAlertResponse> get_alert(const v1::GetAlertRequest& request);
  Answer<v1::ListAlertRulesResponse> list_alert_rules(const v1::ListAlertRulesRequest& request);
  Answer<v1::GetAlertRuleResponse> get_alert_rule(const v1::GetAlertRuleRequest& request);
  Answer<v1::CreateAlertRuleResponse> create_alert_rule(const v1::CreateAlertRuleRequest& request);
  Answer<v1::EditAlertRuleResponse> edit_alert_rule(const v1::EditAlertRuleRequest& request);
  Answer<v1::DeleteAlertRuleResponse> delete_alert_rule(const v1::DeleteAlertRuleRequest& request);
  Answer<v1::TestAlertRuleResponse> test_alert_rule(const v1::TestAlertRuleRequest& request);
  Answer<v1::ListSilencesResponse> list_silences(const v1::ListSilencesRequest& request);
  Answer<v1::CreateSilenceResponse> create_silence(const v1::CreateSilenceRequest& request);
  Answer<v1::DeleteSilenceResponse> delete_silence(const v1::DeleteSilenceRequest& request);
  Answer<v1::SimulateResponse> simulate(const v1::SimulateRequest& request);

  Answer<v1::ListEventsResponse> list_events(const v1::ListEventsRequest& request);
  // Opens a stream; it is read on a thread of its own. Never null.
  std::unique_ptr<EventStream> watch_events(const v1::WatchEventsRequest& request);

  Answer<v1::ListLogsResponse> list_logs(const v1::ListLogsRequest& request);
  Answer<v1::ReadLogResponse> read_log(const v1::ReadLogRequest& request);

  // Needs no token.
  Answer<v1::GetVersionResponse> get_version();
  Answer<v1::GetInfoResponse> get_info();
  Answer<v1::ExplainResponse> explain(const v1::ExplainRequest& request);
  Answer<v1::GetHealthResponse> get_health();
  Answer<v1::CreateBrowserAddressResponse> create_browser_address();
  Answer<v1::CompleteNameResponse> complete_name(const v1::CompleteNameRequest& request);

  Answer<v1::ListWorkersResponse> list_workers(const v1::ListWorkersRequest& request);
  Answer<v1::DrainWorkerResponse> drain_worker(const v1::DrainWorkerRequest& request);

  // The files and the manifest of a registered module, and the bytes of an artifact: what a replay
  // needs. `directory` must exist. The manifest's text is returned; the executable is the first of
  // the module's files.
  struct FetchedModule {
    std::string manifest_json;
    std::string executable;
  };
  base::Result<FetchedModule> fetch_module(const std::string& digest_hex,
                                           const std::string& directory);
  // Writes a plain value to the file `path`, a tree to the directory `path`.
  base::Status fetch_artifact(const std::string& digest_hex, const std::string& path);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::client
