// Rows to messages of the public API, field by field. Enums go through explicit tables, because
// the stored numbers and those of the API are different things that happen to look alike. Pure
// functions.
#include "scheduler/rpc/convert/api.h"

#include <array>

#include <google/protobuf/timestamp.pb.h>

#include "base/check.h"
#include "base/errors.h"
#include "weir/v1/asset_service.pb.h"
#include "weir/v1/common.pb.h"
#include "weir/v1/event_service.pb.h"
#include "weir/v1/log_service.pb.h"
#include "weir/v1/module_service.pb.h"
#include "weir/v1/run_service.pb.h"
#include "weir/v1/worker_service.pb.h"

namespace weir::rpc {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

void set_time(const std::optional<engine::WallTime>& time, google::protobuf::Timestamp* out) {
  if (time) to_proto(*time, out);
}

v1::RunState state_to_proto(engine::RunState state) {
  using enum engine::RunState;
  switch (state) {
    case kQueued:
      return v1::RUN_STATE_QUEUED;
    case kRunning:
      return v1::RUN_STATE_RUNNING;
    case kCanceling:
      return v1::RUN_STATE_CANCELING;
    case kSucceeded:
      return v1::RUN_STATE_SUCCEEDED;
    case kFailed:
      return v1::RUN_STATE_FAILED;
    case kCanceled:
      return v1::RUN_STATE_CANCELED;
  }
  return v1::RUN_STATE_UNSPECIFIED;
}

v1::OriginKind kind_to_proto(engine::OriginKind kind) {
  using enum engine::OriginKind;
  switch (kind) {
    case kManual:
      return v1::ORIGIN_KIND_MANUAL;
    case kSchedule:
      return v1::ORIGIN_KIND_SCHEDULE;
    case kFreshness:
      return v1::ORIGIN_KIND_FRESHNESS;
    case kAutomation:
      return v1::ORIGIN_KIND_AUTOMATION;
    case kSensor:
      return v1::ORIGIN_KIND_SENSOR;
    case kBackfill:
      return v1::ORIGIN_KIND_BACKFILL;
    case kRetry:
      return v1::ORIGIN_KIND_RETRY;
  }
  return v1::ORIGIN_KIND_UNSPECIFIED;
}

v1::QueueReason reason_to_proto(engine::QueueReason reason) {
  using enum engine::QueueReason;
  switch (reason) {
    case kNone:
      return v1::QUEUE_REASON_UNSPECIFIED;
    case kLiveRuns:
      return v1::QUEUE_REASON_LIVE_RUNS;
    case kStartTime:
      return v1::QUEUE_REASON_START_TIME;
  }
  return v1::QUEUE_REASON_UNSPECIFIED;
}

v1::TaskState state_to_proto(engine::TaskState state) {
  using enum engine::TaskState;
  switch (state) {
    case kWaiting:
      return v1::TASK_STATE_WAITING;
    case kReady:
      return v1::TASK_STATE_READY;
    case kAssigned:
      return v1::TASK_STATE_ASSIGNED;
    case kRunning:
      return v1::TASK_STATE_RUNNING;
    case kUpForRetry:
      return v1::TASK_STATE_UP_FOR_RETRY;
    case kSucceeded:
      return v1::TASK_STATE_SUCCEEDED;
    case kFailed:
      return v1::TASK_STATE_FAILED;
    case kSkipped:
      return v1::TASK_STATE_SKIPPED;
    case kUpstreamFailed:
      return v1::TASK_STATE_UPSTREAM_FAILED;
    case kCanceled:
      return v1::TASK_STATE_CANCELED;
    case kCached:
      return v1::TASK_STATE_CACHED;
  }
  return v1::TASK_STATE_UNSPECIFIED;
}

v1::Outcome outcome_to_proto(engine::OutcomeClass outcome) {
  using enum engine::OutcomeClass;
  switch (outcome) {
    case kNone:
      return v1::OUTCOME_UNSPECIFIED;
    case kSucceeded:
      return v1::OUTCOME_SUCCEEDED;
    case kFailed:
      return v1::OUTCOME_FAILED;
    case kCheckFailed:
      return v1::OUTCOME_CHECK_FAILED;
    case kCrashed:
      return v1::OUTCOME_CRASHED;
    case kOom:
      return v1::OUTCOME_OOM;
    case kTimedOut:
      return v1::OUTCOME_TIMED_OUT;
    case kCanceled:
      return v1::OUTCOME_CANCELED;
    case kLeaseLost:
      return v1::OUTCOME_LEASE_LOST;
    case kWorkerLost:
      return v1::OUTCOME_WORKER_LOST;
    case kLoadError:
      return v1::OUTCOME_LOAD_ERROR;
    case kReleased:
      return v1::OUTCOME_RELEASED;
  }
  return v1::OUTCOME_UNSPECIFIED;
}

v1::ArtifactKind kind_to_proto(engine::ArtifactKind kind) {
  using enum engine::ArtifactKind;
  switch (kind) {
    case kBytes:
      return v1::ARTIFACT_KIND_BYTES;
    case kFile:
      return v1::ARTIFACT_KIND_FILE;
    case kTree:
      return v1::ARTIFACT_KIND_TREE;
    case kExternal:
      return v1::ARTIFACT_KIND_EXTERNAL;
  }
  return v1::ARTIFACT_KIND_UNSPECIFIED;
}

v1::CheckSeverity severity_to_proto(module::CheckSeverity severity) {
  using enum module::CheckSeverity;
  switch (severity) {
    case kWarn:
      return v1::CHECK_SEVERITY_WARN;
    case kError:
      return v1::CHECK_SEVERITY_ERROR;
    case kBlocking:
      return v1::CHECK_SEVERITY_BLOCKING;
  }
  return v1::CHECK_SEVERITY_UNSPECIFIED;
}

v1::EventKind event_kind_to_proto(engine::EventKind kind) {
  using enum engine::EventKind;
  switch (kind) {
    case kRunCreated:
      return v1::EVENT_KIND_RUN_CREATED;
    case kRunAdmitted:
      return v1::EVENT_KIND_RUN_ADMITTED;
    case kRunStarted:
      return v1::EVENT_KIND_RUN_STARTED;
    case kRunCanceling:
      return v1::EVENT_KIND_RUN_CANCELING;
    case kRunFinished:
      return v1::EVENT_KIND_RUN_FINISHED;
    case kTaskAssigned:
      return v1::EVENT_KIND_TASK_ASSIGNED;
    case kTaskStarted:
      return v1::EVENT_KIND_TASK_STARTED;
    case kTaskFinished:
      return v1::EVENT_KIND_TASK_FINISHED;
    case kTaskRetry:
      return v1::EVENT_KIND_TASK_RETRY;
    case kAssetMaterialized:
      return v1::EVENT_KIND_ASSET_MATERIALIZED;
    case kCheckFailed:
      return v1::EVENT_KIND_CHECK_FAILED;
    case kModuleRegistered:
      return v1::EVENT_KIND_MODULE_REGISTERED;
    case kWorkerConnected:
      return v1::EVENT_KIND_WORKER_CONNECTED;
    case kWorkerLost:
      return v1::EVENT_KIND_WORKER_LOST;
    case kWorkerDraining:
      return v1::EVENT_KIND_WORKER_DRAINING;
    case kWorkerForgotten:
      return v1::EVENT_KIND_WORKER_FORGOTTEN;
  }
  return v1::EVENT_KIND_UNSPECIFIED;
}

v1::LogStream stream_to_proto(ports::LogStream stream) {
  switch (stream) {
    case ports::LogStream::kStdout:
      return v1::LOG_STREAM_STDOUT;
    case ports::LogStream::kStderr:
      return v1::LOG_STREAM_STDERR;
    case ports::LogStream::kLog:
      return v1::LOG_STREAM_LOG;
  }
  return v1::LOG_STREAM_UNSPECIFIED;
}

void counts_to_proto(const std::vector<std::int32_t>& counts, v1::TaskCounts* out) {
  const auto count = [&](engine::TaskState state) {
    const auto index = static_cast<std::size_t>(state);
    return index < counts.size() ? counts[index] : 0;
  };
  using enum engine::TaskState;
  out->set_waiting(count(kWaiting));
  out->set_ready(count(kReady));
  out->set_assigned(count(kAssigned));
  out->set_running(count(kRunning));
  out->set_up_for_retry(count(kUpForRetry));
  out->set_succeeded(count(kSucceeded));
  out->set_failed(count(kFailed));
  out->set_skipped(count(kSkipped));
  out->set_upstream_failed(count(kUpstreamFailed));
  out->set_canceled(count(kCanceled));
  out->set_cached(count(kCached));
}

}  // namespace

void to_proto(engine::WallTime time, google::protobuf::Timestamp* out) {
  const std::int64_t micros = time.time_since_epoch().count();
  std::int64_t seconds = micros / kMicrosPerSecond;
  std::int64_t rest = micros % kMicrosPerSecond;
  if (rest < 0) {
    rest += kMicrosPerSecond;
    --seconds;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<std::int32_t>(rest * 1000));
}

void to_proto(const engine::ValueRef& value, v1::DataVersion* out) {
  if (!value.digest) return;
  out->set_digest(value.digest.hex());
  out->set_size_bytes(value.size);
  out->set_kind(kind_to_proto(value.kind));
  out->set_type(value.type);
}

void to_proto(const engine::CheckRow& row, v1::CheckResult* out) {
  out->set_asset(row.asset);
  out->set_name(row.name);
  out->set_severity(severity_to_proto(row.severity));
  out->set_passed(row.passed);
  out->set_reason(row.reason);
  out->set_metadata_json(row.metadata);
  to_proto(row.at, out->mutable_at());
}

void to_proto(const ports::RunWithCounts& row, v1::Run* out) {
  const engine::RunRow& run = row.run;
  out->set_id(run.id.text());
  out->set_state(state_to_proto(run.state));
  out->set_job(run.job);
  out->set_selection(run.selection);
  out->set_params_json(run.params);
  out->set_reason(run.reason);
  out->set_message(run.message);
  out->set_priority(run.priority);
  out->mutable_origin()->set_kind(kind_to_proto(run.origin.kind));
  out->mutable_origin()->set_reference(run.origin.reference);
  out->mutable_origin()->set_partition(run.origin.partition);
  if (run.origin.nominal)
    to_proto(*run.origin.nominal, out->mutable_origin()->mutable_nominal_at());
  out->set_queued_for(reason_to_proto(run.queued_for));
  if (run.start_at) to_proto(*run.start_at, out->mutable_start_at());
  for (const engine::Digest& module : run.modules) out->add_modules(module.hex());
  out->set_task_count(run.task_count);
  counts_to_proto(row.counts, out->mutable_counts());
  to_proto(run.created_at, out->mutable_created_at());
  if (run.started_at) set_time(run.started_at, out->mutable_started_at());
  if (run.finished_at) set_time(run.finished_at, out->mutable_finished_at());
}

void to_proto(const engine::TaskRow& row, v1::Task* out) {
  out->set_run_id(row.run.text());
  out->set_index(row.index);
  out->set_name(row.name);
  out->set_state(state_to_proto(row.state));
  out->set_epoch(row.epoch);
  out->set_reason(row.reason);
  out->set_attempts_used(row.attempts_used);
  out->set_infrastructure_used(row.infrastructure_used);
  if (row.ready_at) set_time(row.ready_at, out->mutable_ready_at());
  if (row.started_at) set_time(row.started_at, out->mutable_started_at());
  if (row.finished_at) set_time(row.finished_at, out->mutable_finished_at());
  for (const engine::OutputRef& output : row.outputs) out->add_assets(output.asset);
}

void to_proto(const engine::AttemptRow& row, std::string_view task, v1::Attempt* out) {
  out->set_run_id(row.key.run.text());
  out->set_task_index(row.key.task);
  out->set_task(std::string(task));
  out->set_epoch(row.key.epoch);
  out->set_worker(row.worker);
  out->set_outcome(outcome_to_proto(row.outcome));
  out->set_message(row.message);
  out->set_detail_json(row.detail);
  out->set_metadata_json(row.metadata);
  to_proto(row.leased_at, out->mutable_leased_at());
  if (row.started_at) set_time(row.started_at, out->mutable_started_at());
  if (row.finished_at) set_time(row.finished_at, out->mutable_finished_at());
}

void to_proto(const engine::EventRow& row, v1::Event* out) {
  out->set_seq(row.seq);
  if (row.run) out->set_run_id(row.run.text());
  out->set_run_seq(row.run_seq);
  to_proto(row.at, out->mutable_at());
  out->set_kind(event_kind_to_proto(row.kind));
  out->set_subject(row.subject);
  out->set_task_index(row.task);
  out->set_epoch(row.epoch);
  out->set_state(row.state);
  out->set_message(row.message);
}

void to_proto(const engine::MaterializationRow& row, std::string_view task,
              v1::Materialization* out) {
  out->set_id(row.id);
  out->set_asset(row.asset);
  out->set_run_id(row.attempt.run.text());
  out->set_task(std::string(task));
  out->set_epoch(row.attempt.epoch);
  to_proto(row.value, out->mutable_version());
  out->set_metadata_json(row.metadata);
  out->set_code_version(row.code_version);
  out->set_module(row.module.hex());
  for (const engine::Pin& pin : row.inputs) {
    v1::InputVersion* input = out->add_inputs();
    input->set_asset(pin.asset);
    input->set_materialization_id(pin.materialization);
    if (pin.value.digest) to_proto(pin.value, input->mutable_version());
  }
  to_proto(row.at, out->mutable_at());
}

void to_proto(const engine::ModuleRow& row, const module::Manifest& manifest, v1::Module* out) {
  out->set_digest(row.digest.hex());
  out->set_pipeline(row.pipeline);
  out->set_active(row.active);
  to_proto(row.registered_at, out->mutable_registered_at());
  for (const engine::BundleFile& file : row.files) {
    v1::ModuleFile* entry = out->add_files();
    entry->set_path(file.path);
    entry->set_digest(file.digest.hex());
    entry->set_size_bytes(file.size);
    entry->set_executable(file.executable);
  }
  out->set_stage_count(static_cast<std::int32_t>(manifest.stages.size()));
  out->set_sdk_version(manifest.sdk_version);
}

void to_proto(const ports::LogInfo& info, std::string_view task, v1::LogInfo* out) {
  out->set_task(std::string(task));
  out->set_task_index(info.attempt.task);
  out->set_epoch(info.attempt.epoch);
  out->set_stream(stream_to_proto(info.stream));
  out->set_size_bytes(info.size);
  out->set_complete(info.complete);
}

void to_proto(const engine::WorkerRow& row, bool connected, std::int32_t leases, v1::Worker* out) {
  out->set_id(row.id);
  out->set_name(row.name);
  out->set_connected(connected);
  out->set_draining(row.draining);
  out->set_slots(row.slots);
  out->set_leases(leases);
  out->set_info_json(row.info);
  to_proto(row.last_seen, out->mutable_last_seen());
}

}  // namespace weir::rpc
