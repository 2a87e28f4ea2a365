// Rows to messages of the public API, field by field. Enums go by their words (enums.h), because
// the stored numbers and those of the API are different things that happen to look alike. Pure
// functions.
#include "scheduler/rpc/convert/api.h"

#include <array>

#include <google/protobuf/timestamp.pb.h>

#include "base/check.h"
#include "base/errors.h"
#include "scheduler/rpc/convert/enums.h"
#include "weir/v1/asset_service.pb.h"
#include "weir/v1/common.pb.h"
#include "weir/v1/event_service.pb.h"
#include "weir/v1/log_service.pb.h"
#include "weir/v1/module_service.pb.h"
#include "weir/v1/run_service.pb.h"
#include "weir/v1/system_service.pb.h"
#include "weir/v1/worker_service.pb.h"

namespace weir::rpc {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

void set_time(const std::optional<engine::WallTime>& time, google::protobuf::Timestamp* out) {
  if (time) to_proto(*time, out);
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
  out->set_kind(to_proto_enum<v1::ArtifactKind>(value.kind));
  out->set_type(value.type);
}

void to_proto(const engine::CheckRow& row, v1::CheckResult* out) {
  out->set_asset(row.asset);
  out->set_name(row.name);
  out->set_severity(to_proto_enum<v1::CheckSeverity>(row.severity));
  out->set_passed(row.passed);
  out->set_reason(row.reason);
  out->set_metadata_json(row.metadata);
  to_proto(row.at, out->mutable_at());
  out->set_partition(row.partition);
}

void to_proto(const ports::RunWithCounts& row, v1::Run* out) {
  const engine::RunRow& run = row.run;
  out->set_id(run.id.text());
  out->set_state(to_proto_enum<v1::RunState>(run.state));
  out->set_job(run.job);
  out->set_selection(run.selection);
  out->set_params_json(run.params);
  out->set_reason(run.reason);
  out->set_message(run.message);
  out->set_priority(run.priority);
  v1::Origin* origin = out->mutable_origin();
  origin->set_kind(to_proto_enum<v1::OriginKind>(run.origin.kind));
  origin->set_reference(run.origin.reference);
  origin->set_partition(run.origin.partition);
  if (run.origin.nominal) to_proto(*run.origin.nominal, origin->mutable_nominal_at());
  out->set_queued_for(to_proto_enum<v1::QueueReason>(run.queued_for));
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
  out->set_state(to_proto_enum<v1::TaskState>(row.state));
  out->set_epoch(row.epoch);
  out->set_reason(row.reason);
  out->set_author_budget_used(row.author_budget_used);
  out->set_infrastructure_budget_used(row.infrastructure_budget_used);
  if (row.ready_at) set_time(row.ready_at, out->mutable_ready_at());
  if (row.started_at) set_time(row.started_at, out->mutable_started_at());
  if (row.finished_at) set_time(row.finished_at, out->mutable_finished_at());
  for (const engine::OutputRef& output : row.outputs) out->add_assets(output.asset);
  out->set_partition(row.partition);
}

void set_progress(const engine::AttemptRow& row, v1::Progress* out) {
  if (row.progress.millionths != engine::Progress::kUnknown) {
    out->set_fraction(double(row.progress.millionths) / engine::Progress::kWhole);
  }
  out->set_message(row.progress.message);
  set_time(row.progress_at, out->mutable_at());
}

void to_proto(const engine::AttemptRow& row, std::string_view task, v1::Attempt* out) {
  out->set_run_id(row.key.run.text());
  out->set_task_index(row.key.task);
  out->set_task(std::string(task));
  out->set_epoch(row.key.epoch);
  out->set_worker(row.worker);
  out->set_outcome(to_proto_enum<v1::Outcome>(row.outcome));
  out->set_message(row.message);
  out->set_detail_json(row.detail);
  out->set_metadata_json(row.metadata);
  to_proto(row.leased_at, out->mutable_leased_at());
  if (row.started_at) set_time(row.started_at, out->mutable_started_at());
  if (row.finished_at) set_time(row.finished_at, out->mutable_finished_at());
  if (row.progress_at) set_progress(row, out->mutable_progress());
}

void to_proto(const engine::EventRow& row, v1::Event* out) {
  out->set_seq(row.seq);
  if (row.run) out->set_run_id(row.run.text());
  out->set_run_seq(row.run_seq);
  to_proto(row.at, out->mutable_at());
  out->set_kind(to_proto_enum<v1::EventKind>(row.kind));
  out->set_subject(row.subject);
  out->set_task_index(row.task);
  out->set_epoch(row.epoch);
  out->set_state(row.state);
  out->set_message(row.message);
  out->set_partition(row.partition);
}

void to_proto(const engine::MaterializationRow& row, std::string_view task,
              v1::Materialization* out) {
  out->set_id(row.id);
  out->set_asset(row.of.asset);
  out->set_partition(row.of.partition);
  out->set_run_id(row.attempt.run.text());
  out->set_task(std::string(task));
  out->set_epoch(row.attempt.epoch);
  to_proto(row.value, out->mutable_version());
  out->set_metadata_json(row.metadata);
  out->set_code_version(row.code_version);
  out->set_module(row.module.hex());
  for (const engine::AssetVersion& read : row.inputs) {
    v1::InputVersion* input = out->add_inputs();
    input->set_asset(read.of.asset);
    input->set_partition(read.of.partition);
    input->set_materialization_id(read.materialization);
    if (read.value.digest) to_proto(read.value, input->mutable_version());
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
  const engine::WorkerTraits& traits = row.traits;
  for (const engine::Label& label : traits.labels) {
    (*out->mutable_labels())[label.name] = label.value;
  }
  for (const engine::Resource& resource : traits.resources) {
    (*out->mutable_resources())[resource.name] = resource.amount;
  }
  out->set_architecture(traits.architecture);
  out->set_glibc(traits.glibc);
  out->set_weir_version(traits.weir_version);
  out->set_limits(traits.limits);
  out->set_data_dir(traits.data_dir);
  out->set_host_id(traits.host_id);
  to_proto(row.last_seen, out->mutable_last_seen());
}

void to_proto(const engine::ModuleChange& change, v1::ModuleChange* out) {
  out->set_pipeline(change.pipeline);
  out->set_module(change.module.hex());
  if (change.replaces) out->set_replaces(change.replaces.hex());
  out->mutable_added()->Add(change.added.begin(), change.added.end());
  out->mutable_removed()->Add(change.removed.begin(), change.removed.end());
  out->mutable_changed()->Add(change.changed.begin(), change.changed.end());
  out->mutable_breaking()->Add(change.breaking.begin(), change.breaking.end());
  out->set_unchanged(change.unchanged);
}

void to_proto(const engine::ExplainItem& item, v1::ExplainItem* out) {
  out->set_kind(std::string(base::word_of(item.kind)));
  out->set_subject(item.subject);
  out->set_partition(item.partition);
  for (const auto& [name, number] : item.numbers) {
    (*out->mutable_numbers())[name] = static_cast<double>(number);
  }
  out->mutable_references()->Add(item.references.begin(), item.references.end());
  out->set_text(item.text);
  out->set_depth(item.depth);
  out->set_words(engine::words_of(item));
}

}  // namespace weir::rpc
