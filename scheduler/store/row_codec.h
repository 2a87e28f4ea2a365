// Between rows of tables and rows of the engine: lists as JSON text on the way in, checked decoding
// on the way out. A row that cannot be decoded is a Status that says which column and why, never a
// crash. Pure functions over the current row of a statement.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/records.h"
#include "engine/runs/run_queue.h"
#include "scheduler/store/sqlite.h"

namespace weir::store {

// The columns that decode_* expects, in its order.
inline constexpr std::string_view kModuleColumns =
    "digest, pipeline, active, registered_at, files, manifest";
inline constexpr std::string_view kAssetColumns =
    "name, pipeline, type, retired, materialization, settled_by, missed";
inline constexpr std::string_view kRunColumns =
    "run_id, state, job, selection, params, reason, message, priority, origin, origin_reference, "
    "nominal_at, partition, queued_for, start_at, modules, pins, task_count, created_at, "
    "started_at, finished_at";
inline constexpr std::string_view kQueuedRunColumns = "run_id, priority, queued_for, start_at";
inline constexpr std::string_view kTaskColumns =
    "run_id, task, name, module, stage, state, epoch, attempts_used, infrastructure_used, "
    "executor_deaths, reason, not_before, ready_order, ready_at, started_at, finished_at, outputs";
inline constexpr std::string_view kAttemptColumns =
    "run_id, task, epoch, worker, outcome, message, detail, metadata, leased_at, started_at, "
    "finished_at";
inline constexpr std::string_view kMaterializationColumns =
    "id, asset, run_id, task, epoch, digest, size, kind, type, metadata, code_version, module, "
    "inputs, at";
inline constexpr std::string_view kCheckColumns =
    "run_id, task, epoch, asset, name, severity, passed, reason, metadata, at";
inline constexpr std::string_view kArtifactColumns = "digest, size, kind, bytes";
inline constexpr std::string_view kCursorColumns = "stage, version, value";
inline constexpr std::string_view kEventColumns =
    "seq, run_id, run_seq, at, kind, subject, task, epoch, state, message";
inline constexpr std::string_view kWorkerColumns = "id, name, slots, draining, info, last_seen";
inline constexpr std::string_view kReplyColumns =
    "key, request_hash, code, error, message, payload, at";
inline constexpr std::string_view kOutboxColumns = "id, kind, payload, at";

// DATA_LOSS (WEIR-E0405) when a column holds what no writer of ours can have written.
base::Status decode(const Statement& row, engine::ModuleRow& out);
base::Status decode(const Statement& row, engine::AssetRow& out);
base::Status decode(const Statement& row, engine::RunRow& out);
base::Status decode(const Statement& row, engine::QueuedRun& out);  // kQueuedRunColumns
base::Status decode(const Statement& row, engine::TaskRow& out);
base::Status decode(const Statement& row, engine::AttemptRow& out);
base::Status decode(const Statement& row, engine::MaterializationRow& out);
base::Status decode(const Statement& row, engine::CheckRow& out);
base::Status decode(const Statement& row, engine::ArtifactRow& out);
base::Status decode(const Statement& row, engine::CursorRow& out);
base::Status decode(const Statement& row, engine::EventRow& out);
base::Status decode(const Statement& row, engine::WorkerRow& out);
base::Status decode(const Statement& row, engine::ReplyRow& out);
base::Status decode(const Statement& row, engine::OutboxRow& out);

std::string_view artifact_kind_name(engine::ArtifactKind kind);  // "bytes"

std::string encode_files(const std::vector<engine::BundleFile>& files);
std::string encode_digests(const std::vector<engine::Digest>& digests);
std::string encode_pins(const std::vector<engine::Pin>& pins);
std::string encode_outputs(const std::vector<engine::OutputRef>& outputs);

}  // namespace weir::store
