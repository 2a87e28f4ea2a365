// The rows that the engine writes: each is the whole state of one entity, so applying a row twice
// is harmless and the tables alone restore the engine. Stored rows are not API messages. Values
// only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/sha256.h"
#include "base/status.h"
#include "engine/runs/run_spec.h"
#include "engine/states.h"
#include "module/manifest.h"

namespace weir::engine {

using base::AttemptKey;
using base::RunId;
using base::WallTime;

struct BundleFile {
  std::string path;  // relative, '/'-separated; the first file of a bundle is the executable
  Digest digest;
  std::int64_t size = 0;
  bool executable = false;
  bool operator==(const BundleFile&) const = default;
};

struct ModuleRow {
  Digest digest;  // over the sorted list of (path, executable, file digest)
  std::string pipeline;
  std::string manifest;  // JSON text
  std::vector<BundleFile> files;
  WallTime registered_at{};
  bool active = false;  // the pipeline's current module
};

struct AssetRow {
  std::string name, pipeline;
  std::string type;
  bool retired = false;
  std::int64_t materialization = 0;  // current version, 0 when there is none
  RunId settled_by;                  // the newest run that is done with it
  std::string missed;                // "TASK STATE: why" that run made none; empty when it did
};

struct RunRow {
  RunId id;
  RunState state = RunState::kQueued;
  std::string job;        // "pipeline/job", empty for a selection
  std::string selection;  // as asked for
  std::string params;     // JSON object: stage parameters by name
  std::string reason;     // who or what asked for it
  std::string message;    // why it ended as it did
  int priority = 0;
  Origin origin;
  QueueReason queued_for = QueueReason::kNone;  // what it waits for before it is planned
  std::optional<WallTime> start_at;             // not before
  std::vector<Digest> modules;                  // pinned
  std::vector<Pin> pins;
  std::int32_t task_count = 0;
  WallTime created_at{};
  std::optional<WallTime> started_at, finished_at;
};

struct TaskRow {
  RunId run;
  std::int32_t index = 0;
  std::string name;
  std::int32_t module = 0;  // index into RunRow::modules
  std::int32_t stage = 0;   // index into that module's stages
  TaskState state = TaskState::kWaiting;
  std::int32_t epoch = 0;                // of the latest lease
  std::int32_t attempts_used = 0;        // of the author's budget
  std::int32_t infrastructure_used = 0;  // of the infrastructure budget
  std::int32_t executor_deaths = 0;
  std::string reason;                  // why it waits or ended so
  std::optional<WallTime> not_before;  // of up_for_retry
  std::int64_t ready_order = 0;        // of ready: its age, smaller was ready earlier
  std::optional<WallTime> ready_at;
  std::optional<WallTime> started_at, finished_at;  // of the latest attempt; of the task
  std::vector<OutputRef> outputs;                   // of a success
};

struct AttemptRow {
  AttemptKey key;
  std::string worker;
  OutcomeClass outcome = OutcomeClass::kNone;
  std::string message;   // the error, as the author's code gave it
  std::string detail;    // stack, exit code, signal: JSON object
  std::string metadata;  // JSON object, as the stage gave it
  WallTime leased_at{};
  std::optional<WallTime> started_at, finished_at;
};

struct MaterializationRow {
  std::int64_t id = 0;  // commit order, from 1
  std::string asset;
  AttemptKey attempt;
  ValueRef value;
  std::string metadata;  // JSON object
  std::string code_version;
  Digest module;
  std::vector<Pin> inputs;  // lineage: which versions it was made from
  WallTime at{};
};

struct CheckRow {
  AttemptKey attempt;
  std::string asset;
  std::string name;
  module::CheckSeverity severity = module::CheckSeverity::kError;
  bool passed = false;
  std::string reason;
  std::string metadata;  // JSON object
  WallTime at{};
};

// Bytes of a value up to kInlineBytesMax, or the fact that the artifact store holds a larger one.
struct ArtifactRow {
  Digest digest;
  std::int64_t size = 0;
  ArtifactKind kind = ArtifactKind::kBytes;
  std::shared_ptr<const std::string> bytes;  // null when it is a file
};

struct CursorRow {
  std::string stage;         // "pipeline:task"
  std::int64_t version = 0;  // counts commits, from 1
  Digest value;              // an inline artifact
};

struct EventRow {
  std::int64_t seq = 0;      // global commit order, from 1, gapless
  RunId run;                 // 0 for events of no run
  std::int32_t run_seq = 0;  // within the run, from 1, gapless
  WallTime at{};
  EventKind kind = EventKind::kRunCreated;
  std::string subject;  // task, asset, module or worker name
  std::int32_t task = -1;
  std::int32_t epoch = 0;
  std::string state;  // the state entered, or the outcome class
  std::string message;
};

struct WorkerRow {
  std::string id, name;
  std::int32_t slots = 0;
  bool draining = false;
  std::string info;  // JSON: labels, resources, platform, limits achieved
  WallTime last_seen{};
  bool forgotten = false;  // a forgotten row is deleted
};

// The answer to a mutating request, kept so that a repeated request gets the same one.
struct ReplyRow {
  std::string key;  // idempotency key
  Digest request_hash;
  base::Status status;
  std::string payload;  // see Reply
  WallTime at{};
};

struct OutboxRow {
  std::int64_t id = 0;     // from 1
  std::string kind;        // "run_finished"
  std::string payload;     // JSON object
  bool delivered = false;  // a delivered row is deleted
  WallTime at{};
};

using Record =
    std::variant<ModuleRow, AssetRow, RunRow, TaskRow, AttemptRow, MaterializationRow, CheckRow,
                 ArtifactRow, CursorRow, EventRow, WorkerRow, ReplyRow, OutboxRow>;

}  // namespace weir::engine
